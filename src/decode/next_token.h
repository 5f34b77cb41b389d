#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace caption {

/// A token that may come next.
struct Candidate {
  std::int32_t token = 0;
  float log_probability = 0;
};

/// The distribution of the next token that one row of logits stands for: softmax(logits / temperature).
/// Log-probabilities are fp32, (logit - largest logit) - log(sum of exponentials), as PyTorch's log_softmax
/// has them; the sum is taken in fp32 within blocks and in fp64 over them. The same row gives the same bits
/// on every machine.
class NextToken {
 public:
  explicit NextToken(double temperature) : temperature_(static_cast<float>(temperature)) {}

  /// Takes `logits`, which must outlive the calls below. A logit of minus infinity is a token that cannot
  /// come. The `excluded`, ascending and each once, cannot come either, but the other tokens' probabilities
  /// are as if they could; they must outlive the calls below, too. Throws Error(model) naming the token if a
  /// logit is NaN or plus infinity, or if all are minus infinity.
  void load(std::span<const float> logits, std::span<const std::int32_t> excluded = {});

  float log_probability(std::int32_t token) const;

  /// The `count` likeliest tokens, the likeliest first, of equal ones the lower id first; fewer if no more
  /// can come.
  void top_k(std::size_t count, std::vector<Candidate>& candidates) const;

  /// Its place among all tokens, excluded or not, in the order of `top_k`: 1 is the first.
  std::size_t rank(std::int32_t token) const;

  /// exp(logit - largest logit) of every token, 0 of the excluded ones, which are left out of the largest,
  /// too: proportional to the probabilities. False if no token can come.
  bool weights(std::vector<float>& result) const;

 private:
  float temperature_;
  std::span<const std::int32_t> excluded_;
  std::vector<float> scaled_;       ///< logits / temperature, unless that is 1
  std::span<const float> logits_;   ///< as they are used
  std::vector<float> block_peaks_;  ///< the largest logit of each block
  float peak_ = 0;
  float log_sum_ = 0;
};

}  // namespace caption
