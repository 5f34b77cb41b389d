#pragma once

#include <cstdint>
#include <vector>

#include "decode/search.h"

namespace caption {

/// Draws n_best sequences for each image, all together; the same one may come twice. Best mean
/// log-probability first.
///
/// Of softmax(logits / temperature), top_k keeps the likeliest tokens; top_p then keeps the fewest of those
/// that together have at least this share of what top_k kept. A score is the log-probability before anything
/// is left out, so that scores compare across settings. Sample number i of every image draws from stream
/// (seed, i): captions do not depend on the batch.
std::vector<std::vector<Hypothesis>> sample(StepFunction& model, const StopRule& stop,
                                            const DecodeOptions& options);

/// Uniform numbers in [0, 1): SplitMix64's, the same on every platform.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::uint64_t number);
  double next();

 private:
  std::uint64_t state_;
};

}  // namespace caption
