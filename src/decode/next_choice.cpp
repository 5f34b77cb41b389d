#include "decode/next_choice.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace caption {
namespace {

using Tokens = std::span<const std::int32_t>;

/// Both ascending, each once.
void unite(Tokens a, Tokens b, std::vector<std::int32_t>& united) {
  united.clear();
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(united));
}

bool contains(Tokens tokens, std::int32_t token) {
  return std::binary_search(tokens.begin(), tokens.end(), token);
}

}  // namespace

NextChoice::NextChoice(const StopRule& stop, const Wording& wording, const DecodeOptions& options)
    : exclusions_(stop, wording, options),
      penalty_(static_cast<float>(options.repetition_penalty)),
      before_softmax_(options.sample || options.beam == 1),
      next_(options.temperature) {}

void NextChoice::load(std::span<const float> logits, Tokens tokens, Tokens excluded) {
  unite(exclusions_.behind(tokens), excluded, excluded_);
  seen_ = exclusions_.seen(tokens);
  if (seen_.empty()) return next_.load(logits, excluded_);
  if (before_softmax_) {
    change_logits(logits);
    return next_.load(changed_, excluded_);
  }
  // The others are in order as they are; what was seen finds its place among them.
  unite(excluded_, seen_, set_apart_);
  next_.load(logits, set_apart_);
}

void NextChoice::change_logits(std::span<const float> logits) {
  changed_.assign(logits.begin(), logits.end());
  for (const std::int32_t token : seen_) {
    float& logit = changed_[static_cast<std::size_t>(token)];
    logit = logit < 0 ? logit * penalty_ : logit / penalty_;
  }
}

std::optional<float> NextChoice::log_probability(std::int32_t token) const {
  if (contains(excluded_, token)) return std::nullopt;
  const float value = next_.log_probability(token);
  if (!std::isfinite(value)) return std::nullopt;
  return value * factor(token);
}

float NextChoice::factor(std::int32_t token) const {
  return !before_softmax_ && contains(seen_, token) ? penalty_ : 1;
}

void NextChoice::top_k(std::size_t count, std::vector<Candidate>& candidates) const {
  next_.top_k(count, candidates);
  if (before_softmax_) return;
  for (const std::int32_t token : seen_) {
    const std::optional<float> value = log_probability(token);
    if (!value) continue;
    const auto later = [&](const Candidate& other) {
      return *value > other.log_probability || (*value == other.log_probability && token < other.token);
    };
    candidates.insert(std::find_if(candidates.begin(), candidates.end(), later), {token, *value});
  }
  candidates.resize(std::min(candidates.size(), count));
}

}  // namespace caption
