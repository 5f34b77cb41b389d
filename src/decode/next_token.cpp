#include "decode/next_token.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "caption/error.h"
#include "decode/exponential.h"

namespace caption {
namespace {

constexpr float kImpossible = -std::numeric_limits<float>::infinity();

[[noreturn]] void refuse(std::span<const float> logits) {
  for (std::size_t token = 0; token < logits.size(); ++token) {
    if (std::isnan(logits[token]) || logits[token] == -kImpossible) {
      throw Error(ErrorKind::model, "the language model gave " + std::to_string(logits[token]) +
                                        " as the logit of token " + std::to_string(token) +
                                        ": its weights are damaged or overflow in this precision");
    }
  }
  throw Error(ErrorKind::model, "the language model gave minus infinity as the logit of every token");
}

}  // namespace

void NextToken::load(std::span<const float> logits, std::span<const std::int32_t> excluded) {
  logits_ = logits;
  excluded_ = excluded;
  if (temperature_ != 1.0F) {
    scaled_.resize(logits.size());
    for (std::size_t i = 0; i < logits.size(); ++i) scaled_[i] = logits[i] / temperature_;
    logits_ = scaled_;
  }
  block_peaks_.resize((logits_.size() + kExponentialBlock - 1) / kExponentialBlock);
  find_block_peaks(logits_.data(), logits_.size(), block_peaks_.data());
  peak_ = *std::max_element(block_peaks_.begin(), block_peaks_.end());
  if (!std::isfinite(peak_)) refuse(logits);
  const double sum = sum_of_exponentials(logits_.data(), logits_.size(), peak_);
  if (!std::isfinite(sum)) refuse(logits);
  log_sum_ = static_cast<float>(std::log(sum));
}

float NextToken::log_probability(std::int32_t token) const {
  return (logits_[static_cast<std::size_t>(token)] - peak_) - log_sum_;
}

void NextToken::top_k(std::size_t count, std::vector<Candidate>& candidates) const {
  candidates.clear();
  const auto logit = [&](const Candidate& c) { return logits_[static_cast<std::size_t>(c.token)]; };
  float least =
      kImpossible;  // a token needs a larger logit to come in; ids ascend, so an equal one is too late
  for (std::size_t block = 0; block < block_peaks_.size(); ++block) {
    if (block_peaks_[block] <= least) continue;
    const std::size_t begin = block * kExponentialBlock;
    const std::size_t end = std::min(begin + kExponentialBlock, logits_.size());
    for (std::size_t i = begin; i < end; ++i) {
      if (!(logits_[i] > least)) continue;
      if (std::binary_search(excluded_.begin(), excluded_.end(), static_cast<std::int32_t>(i))) continue;
      if (candidates.size() == count) candidates.pop_back();
      const auto place = std::find_if(candidates.begin(), candidates.end(),
                                      [&](const Candidate& c) { return logits_[i] > logit(c); });
      candidates.insert(place, {static_cast<std::int32_t>(i), 0});
      if (candidates.size() == count) least = logit(candidates.back());
    }
  }
  for (Candidate& candidate : candidates) candidate.log_probability = log_probability(candidate.token);
}

std::size_t NextToken::rank(std::int32_t token) const {
  const auto index = static_cast<std::size_t>(token);
  std::size_t before = 0;
  for (std::size_t i = 0; i < logits_.size(); ++i) {
    before += logits_[i] > logits_[index] || (logits_[i] == logits_[index] && i < index) ? 1U : 0U;
  }
  return before + 1;
}

bool NextToken::weights(std::vector<float>& result) const {
  result.resize(logits_.size());
  if (excluded_.empty()) {
    exponentials(logits_.data(), logits_.size(), peak_, result.data());
    return true;
  }
  // The others, between the excluded ones, by their own largest: beside a far larger one they would all
  // vanish.
  const auto for_each_part = [&](const auto& visit) {
    std::size_t begin = 0;
    for (const std::int32_t excluded : excluded_) {
      const auto end = static_cast<std::size_t>(excluded);
      visit(begin, end - begin);
      begin = end + 1;
    }
    visit(begin, logits_.size() - begin);
  };
  float peak = kImpossible;
  for_each_part([&](std::size_t begin, std::size_t count) {
    for (const float logit : logits_.subspan(begin, count)) peak = std::max(peak, logit);
  });
  for_each_part([&](std::size_t begin, std::size_t count) {
    exponentials(logits_.data() + begin, count, peak, result.data() + begin);
  });
  for (const std::int32_t excluded : excluded_) result[static_cast<std::size_t>(excluded)] = 0;
  return peak != kImpossible;
}

}  // namespace caption
