#pragma once

#include <cstdint>
#include <vector>

#include "decode/search.h"

namespace caption {

/// The log-probabilities of texts' tokens behind the model's next image, each given those before it: one row
/// of a pass for each text, and the image's own position once. `texts` are not empty. Throws Error(usage) for
/// a token outside the vocabulary, Error(model) for logits that are NaN, Error(internal) for an answer of the
/// wrong shape.
std::vector<std::vector<float>> score_texts(StepFunction& model,
                                            const std::vector<std::vector<std::int32_t>>& texts);

}  // namespace caption
