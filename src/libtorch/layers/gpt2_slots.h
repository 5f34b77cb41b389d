#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>

#include "gpt2/gpt2.h"
#include "libtorch/layers/layers.h"

namespace caption {

/// How large a `Gpt2Slots` is.
struct SlotSizes {
  std::int64_t slots = 1;   ///< S
  std::int64_t beams = 1;   ///< B
  std::int64_t prefix = 1;  ///< P, positions
  std::int64_t tokens = 1;  ///< M, behind the prefix; P + M is at most the model's context

  std::int64_t rows() const { return slots * beams; }         ///< R
  std::int64_t positions() const { return prefix + tokens; }  ///< that a row may have
};

/// One layer's attention of a step of `Gpt2Slots`: each row's newest position to all of its own.
struct StepAttention {
  const at::Tensor& qkv;     ///< [R, 3E]: queries, keys, values of the newest positions
  const at::Tensor& store;   ///< [places, L, 2E]: keys, values; the newest positions' are to be written
  std::int64_t layer;        ///< of the L
  const at::Tensor& places;  ///< [R, T] int32: where each row's positions are; all contiguous
  const at::Tensor& counts;  ///< [R] int32: positions of each row, 1 to T
};

/// -> [R, E] in the type of qkv
using StepAttentionFunction = std::function<at::Tensor(const StepAttention&)>;

/// Sequences of a GPT-2 decoded together in memory that is taken once: S slots, for an image each, of B rows,
/// r = slot * B + beam. Everything is and stays on the model's device, which nothing here waits for. Misuse
/// is an Error(internal).
///
/// Keys and values never move. Each row has a table of where those of its positions lie, which beams of one
/// ancestor share; a step writes one position of each row.
class Gpt2Slots {
 public:
  /// Empty slots; they refer to the model. Their steps attend by `attention`, or by LibTorch's operators if
  /// there is none. Throws Error(internal) for sizes that do not fit the model.
  Gpt2Slots(const Gpt2<at::Tensor>& gpt2, const SlotSizes& sizes, StepAttentionFunction attention = {});

  /// prefixes [n, P, E] fp32 take `slots` [n] int64, from whatever was there. -> logits [n, V] fp32 of the
  /// position after each
  at::Tensor begin(const at::Tensor& slots, const at::Tensor& prefixes);

  /// Row r becomes row parents[r] with tokens[r] appended, both [S * B] int64; a parent is a row of the same
  /// slot. No row that matters has more than `longest` tokens now, at most M. The same `longest` runs the
  /// same operators over the same memory. -> logits [S * B, V] fp32; in slots that were never taken any
  at::Tensor step(const at::Tensor& tokens, const at::Tensor& parents, std::int64_t longest);

 private:
  using Attend = Gpt2<at::Tensor>::Attend;

  std::int64_t width() const { return gpt2_.sizes().width; }
  /// T, places of a row
  std::int64_t room() const;
  /// Keys and values of a layer, by their places. -> [R * T, 2E]
  at::Tensor past(std::int64_t layer) const { return store_.select(1, layer); }
  /// The attention of a step in which each row's newest position is `position` [R]. No row that matters has
  /// more than `used` positions.
  Attend attend(const at::Tensor& position, std::int64_t used) const;
  Attend attend_by_operators(const at::Tensor& position, std::int64_t used) const;

  const Gpt2<at::Tensor>& gpt2_;
  SlotSizes sizes_;
  StepAttentionFunction attention_;
  at::Tensor store_;         // [R * T, L, 2E]: keys, values; a row's own places are row * T + position
  at::Tensor places_;        // [R, T] int32: where each row's positions are
  at::Tensor lengths_;       // [R] int64, in positions
  at::Tensor first_places_;  // [R] int64: row * T
  at::Tensor numbers_;       // [T] int64: 0, 1, ...
};

}  // namespace caption
