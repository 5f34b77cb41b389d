#include "decode/stop_rule.h"

#include <utility>

#include "caption/error.h"

namespace caption {

bool StopRule::ends_with(std::int32_t next, StopTexts::State& state) const {
  if (texts != nullptr) state = texts->follow(state, next);
  return state == StopTexts::kFound || next == token;
}

StopRule make_stop_rule(std::optional<std::int32_t> token, const std::vector<std::string>& texts,
                        TokenBytes bytes, std::span<const std::int32_t> prompt) {
  if (texts.empty()) return {token};
  StopRule rule(token, std::make_shared<const StopTexts>(texts, std::move(bytes)));
  for (const std::int32_t one : prompt) {
    rule.first = rule.texts->follow(rule.first, one);
    if (rule.first == StopTexts::kFound)
      throw Error(ErrorKind::usage, "the prompt contains a text at which captions stop");
  }
  return rule;
}

void require_stop_token(const StopRule& stop, std::size_t vocabulary) {
  if (!stop.token || (*stop.token >= 0 && static_cast<std::size_t>(*stop.token) < vocabulary)) return;
  throw Error(ErrorKind::model, "the stop token " + std::to_string(*stop.token) +
                                    " is not in the vocabulary of " + std::to_string(vocabulary) + " tokens");
}

}  // namespace caption
