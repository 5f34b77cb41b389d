#pragma once

#include <string>
#include <vector>

#include "model/sizes.h"

namespace caption {

/// What a model is asked for.
struct Workload {
  int batch = 1;    ///< images together
  int beam = 1;     ///< 1 is greedy
  int tokens = 12;  ///< of each caption
};

/// What a stage does for a whole batch, on a device that keeps numbers in 2 bytes.
struct StageDemand {
  std::string stage;   ///< encode, map, prefill, step or vocabulary
  double weights = 0;  ///< parameters; each pass reads them once
  double passes = 1;
  /// Bytes that the operators read and write besides the weights, each operand once.
  double activation_bytes = 0;
  double flops = 0;    ///< of matrix products and attention; a multiply-add is two
  double kernels = 0;  ///< that are launched

  double bytes() const { return 2 * weights * passes + activation_bytes; }
};

/// The stages in their order. "prefill" and "step" are GPT-2's blocks, for the prefix and for all further
/// tokens of a search that keeps `beam` rows to the end; "vocabulary" is the output layer and the search's
/// look at the logits, for both. Operators as on a GPU: attention, bias and tanh-GELU are each part of one
/// kernel; the rows of a search share their past (cuda/attend.h); one kernel finds the likeliest tokens.
std::vector<StageDemand> model_demands(const ModelSizes& model, const Workload& work);

}  // namespace caption
