#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "decode/search.h"

namespace caption {

/// The rows of a model's latest answer, whose shape is checked: a wrong one is an Error(internal).
class Rows {
 public:
  explicit Rows(StepFunction& model) : model_(model) {}

  /// Runs the first position. Throws Error(model) if the stop token is not in the vocabulary. -> number of
  /// images B
  std::size_t start(const StopRule& stop);
  /// New row r is row parents[r] with tokens[r] appended.
  void step(std::span<const std::int32_t> tokens, std::span<const std::int32_t> parents);

  /// Logits of one row, [vocabulary]; valid until the next step.
  std::span<const float> operator[](std::size_t row) const;
  std::size_t vocabulary() const { return logits_.vocabulary; }

 private:
  void check() const;

  StepFunction& model_;
  Logits logits_;
};

}  // namespace caption
