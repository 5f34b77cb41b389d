#include "decode/stop_rule.h"

#include <algorithm>
#include <utility>

#include "caption/error.h"

namespace caption {

bool StopRule::is_stop_token(std::int32_t token) const {
  return std::find(tokens.begin(), tokens.end(), token) != tokens.end();
}

bool StopRule::ends_with(std::int32_t next, StopTexts::State& state) const {
  if (texts != nullptr) state = texts->follow(state, next);
  return state == StopTexts::kFound || is_stop_token(next);
}

StopRule make_stop_rule(std::vector<std::int32_t> tokens, const std::vector<std::string>& texts,
                        TokenBytes bytes, std::span<const std::int32_t> prompt) {
  if (texts.empty()) return StopRule(std::move(tokens));
  StopRule rule(std::move(tokens), std::make_shared<const StopTexts>(texts, std::move(bytes)));
  for (const std::int32_t one : prompt) {
    rule.first = rule.texts->follow(rule.first, one);
    if (rule.first == StopTexts::kFound)
      throw Error(ErrorKind::usage, "the prompt contains a text at which captions stop");
  }
  return rule;
}

void require_stop_tokens(const StopRule& stop, std::size_t vocabulary) {
  for (const std::int32_t token : stop.tokens) {
    if (token >= 0 && static_cast<std::size_t>(token) < vocabulary) continue;
    throw Error(ErrorKind::model, "the stop token " + std::to_string(token) +
                                      " is not in the vocabulary of " + std::to_string(vocabulary) +
                                      " tokens");
  }
}

}  // namespace caption
