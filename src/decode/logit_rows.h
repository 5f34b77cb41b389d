#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "decode/search.h"

namespace caption {

/// The rows of a model's latest answer, whose shape is checked: a wrong one is an Error(internal).
class LogitRows {
 public:
  explicit LogitRows(StepFunction& model) : model_(model) {}

  /// One pass, as StepFunction::step says.
  void compute(std::span<const std::int32_t> tokens, std::span<const std::int32_t> parents,
               std::size_t joining);

  /// Logits of one row, [vocabulary]; valid until the next pass.
  std::span<const float> operator[](std::size_t row) const;
  std::size_t vocabulary() const { return logits_.vocabulary; }

 private:
  StepFunction& model_;
  Logits logits_;
};

}  // namespace caption
