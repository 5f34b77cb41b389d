#pragma once

#include <ATen/ATen.h>

#include <cstdint>

namespace caption {

/// What a search on a device asks of a language model. It has S slots, one for an image each, of B rows, one
/// for a beam each: row r = slot * B + beam. All tensors are on the device, and nothing here makes the CPU
/// wait for it.
class SlotModel {
 public:
  virtual ~SlotModel() = default;
  virtual std::int64_t vocabulary() const = 0;  ///< V
  /// The model's next n images take the `slots` [n], int64. -> logits [n, V] fp32 of their first positions
  virtual at::Tensor begin(const at::Tensor& slots) = 0;
  /// One pass of all rows: row r is row parents[r] of the pass before, or of `begin`, with tokens[r]
  /// appended; both [S * B] int64, and a parent is of the same slot. No row that matters has more than
  /// `longest` tokens with this one. The same `longest` always runs the same operators over the same memory.
  /// -> logits [S * B, V] fp32, of rows in empty slots any
  virtual at::Tensor step(const at::Tensor& tokens, const at::Tensor& parents, std::int64_t longest) = 0;
};

}  // namespace caption
