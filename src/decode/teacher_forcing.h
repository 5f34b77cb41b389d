#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "decode/next_token.h"
#include "decode/search.h"

namespace caption {

/// Looks at the distribution of the token at `position`, for one row. `next` is valid during the call.
using DistributionVisitor = std::function<void(std::size_t row, std::size_t position, const NextToken& next)>;

/// Takes the model's first `images` images along `tokens`, whatever it would choose itself (teacher forcing),
/// and shows each distribution on the way: of position p given the tokens before p. Positions ascend, and
/// rows within a position. `step` is called tokens.size() times. Throws Error(usage) for a token outside the
/// vocabulary, Error(model) for logits that are NaN, Error(internal) for an answer of the wrong shape.
void teacher_force(StepFunction& model, std::size_t images, std::span<const std::int32_t> tokens,
                   double temperature, const DistributionVisitor& visit);

}  // namespace caption
