#include "decode/exclusions.h"

#include <algorithm>

namespace caption {

Exclusions::Exclusions(const StopRule& stop, const DecodeOptions& options)
    : stop_(stop.token),
      min_tokens_(static_cast<std::size_t>(options.min_tokens)),
      ngram_(static_cast<std::size_t>(options.no_repeat_ngram.value_or(0))) {}

std::span<const std::int32_t> Exclusions::behind(std::span<const std::int32_t> tokens) {
  excluded_.clear();
  if (stop_ && tokens.size() < min_tokens_) excluded_.push_back(*stop_);
  if (ngram_ > 0 && tokens.size() >= ngram_) exclude_repetitions(tokens);
  std::sort(excluded_.begin(), excluded_.end());
  excluded_.erase(std::unique(excluded_.begin(), excluded_.end()), excluded_.end());
  return excluded_;
}

void Exclusions::exclude_repetitions(std::span<const std::int32_t> tokens) {
  const auto begun = tokens.last(ngram_ - 1);
  for (std::size_t end = ngram_ - 1; end < tokens.size(); ++end) {
    const auto before = tokens.subspan(end - begun.size(), begun.size());
    if (std::equal(begun.begin(), begun.end(), before.begin())) excluded_.push_back(tokens[end]);
  }
}

}  // namespace caption
