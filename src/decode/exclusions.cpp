#include "decode/exclusions.h"

#include <algorithm>
#include <iterator>

namespace caption {
namespace {

void sort_and_drop_equal(std::vector<std::int32_t>& tokens) {
  std::sort(tokens.begin(), tokens.end());
  tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
}

}  // namespace

Exclusions::Exclusions(const StopRule& stop, const Wording& wording, const DecodeOptions& options)
    : stop_(stop.tokens),
      min_tokens_(static_cast<std::size_t>(options.min_tokens)),
      ngram_(static_cast<std::size_t>(options.no_repeat_ngram.value_or(0))),
      penalty_(options.repetition_penalty != 1),
      prompt_(wording.prompt),
      banned_(wording.banned) {}

std::span<const std::int32_t> Exclusions::behind(std::span<const std::int32_t> tokens) {
  excluded_.clear();
  if (tokens.size() < min_tokens_) excluded_ = stop_;
  if (ngram_ > 0 || banned_) set_history(tokens);
  if (ngram_ > 0 && history_.size() >= ngram_) exclude_repetitions();
  if (banned_) banned_->complete(history_, excluded_);
  sort_and_drop_equal(excluded_);
  if (!banned_ || banned_->single().empty()) return excluded_;
  merged_.clear();
  std::set_union(excluded_.begin(), excluded_.end(), banned_->single().begin(), banned_->single().end(),
                 std::back_inserter(merged_));
  return merged_;
}

std::span<const std::int32_t> Exclusions::seen(std::span<const std::int32_t> tokens) {
  seen_.clear();
  if (!penalty_) return seen_;
  seen_ = prompt_;
  seen_.insert(seen_.end(), tokens.begin(), tokens.end());
  sort_and_drop_equal(seen_);
  return seen_;
}

void Exclusions::set_history(std::span<const std::int32_t> tokens) {
  history_ = prompt_;
  history_.insert(history_.end(), tokens.begin(), tokens.end());
}

void Exclusions::exclude_repetitions() {
  const std::span<const std::int32_t> tokens = history_;
  const auto begun = tokens.last(ngram_ - 1);
  for (std::size_t end = ngram_ - 1; end < tokens.size(); ++end) {
    const auto before = tokens.subspan(end - begun.size(), begun.size());
    if (std::equal(begun.begin(), begun.end(), before.begin())) excluded_.push_back(tokens[end]);
  }
}

}  // namespace caption
