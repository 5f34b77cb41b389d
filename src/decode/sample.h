#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "decode/image_search.h"

namespace caption {

/// Draws n_best sequences for one image, whose first position is row `row` of the latest pass; the same one
/// may come twice. Best mean log-probability first.
///
/// Of softmax(logits / temperature), without a stop token that cannot come yet, top_k keeps the likeliest
/// tokens; top_p then keeps the fewest of those that together have at least this share of what top_k kept. A
/// score is the log-probability before anything is left out, so that scores compare across settings. Sample
/// number i of every image draws from stream (seed, i): captions do not depend on what else is in the run.
std::unique_ptr<ImageSearch> make_sampling(const StopRule& stop, const Wording& wording,
                                           const DecodeOptions& options, std::size_t row);

/// Uniform numbers in [0, 1): SplitMix64's, the same on every platform.
class SplitMix64 {
 public:
  SplitMix64(std::uint64_t seed, std::uint64_t number);
  double next();

 private:
  std::uint64_t state_;
};

}  // namespace caption
