#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "layers/compute.h"
#include "tensor/tensors.h"

namespace caption {

class Gpt2;

/// Many sequences decoded together over one cache; they join with their prefixes and leave at any time. On
/// the CPU a row's logits are the same, bit for bit, whatever other rows and threads there are. Misuse is an
/// Error(internal).
class Gpt2Session {
 public:
  Gpt2Session(Gpt2Session&&) noexcept;
  ~Gpt2Session();

  /// One pass over the weights. Row r < R is row parents[r] of the pass before with tokens[r] appended: rows
  /// may be dropped (by being nobody's parent), kept or multiplied. Behind them come B new rows, one for each
  /// of `prefixes` [B, P, E] fp32, or none if that is undefined. R + B >= 1. -> logits [R + B, V] fp32 on the
  /// model's device, of the position after each row
  at::Tensor step(std::span<const std::int32_t> tokens, std::span<const std::int32_t> parents,
                  const at::Tensor& prefixes = {});

 private:
  friend class Gpt2;
  struct State;
  explicit Gpt2Session(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// How large a `Gpt2Slots` is.
struct SlotSizes {
  std::int64_t slots = 1;   ///< S
  std::int64_t beams = 1;   ///< B
  std::int64_t prefix = 1;  ///< P, positions
  std::int64_t tokens = 1;  ///< M, behind the prefix; P + M is at most the model's context
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

/// Sequences decoded together in memory that is taken once: S slots, for an image each, of B rows, r = slot *
/// B + beam. Everything is and stays on the model's device, which nothing here waits for. Misuse is an
/// Error(internal).
///
/// Keys and values never move. Each row has a table of where those of its positions lie, which beams of one
/// ancestor share; a step writes one position of each row.
class Gpt2Slots {
 public:
  Gpt2Slots(Gpt2Slots&&) noexcept;
  ~Gpt2Slots();

  /// prefixes [n, P, E] fp32 take `slots` [n] int64, from whatever was there. -> logits [n, V] fp32 of the
  /// position after each
  at::Tensor begin(const at::Tensor& slots, const at::Tensor& prefixes);

  /// Row r becomes row parents[r] with tokens[r] appended, both [S * B] int64; a parent is a row of the same
  /// slot. No row that matters has more than `longest` tokens now, at most M. The same `longest` runs the
  /// same operators over the same memory. -> logits [S * B, V] fp32; in slots that were never taken any
  at::Tensor step(const at::Tensor& tokens, const at::Tensor& parents, std::int64_t longest);

 private:
  friend class Gpt2;
  struct State;
  explicit Gpt2Slots(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// GPT-2 of any size, read off the shapes; heads = E / 64.
class Gpt2 {
 public:
  /// Tensors as in Hugging Face's GPT2Model ("wte.weight", "h.0.ln_1.weight", ..., Conv1D weights [in, out])
  /// with "lm_head.weight", if it is there, equal to wte. Throws Error(model). "wte.weight" is kept as it is,
  /// a view of the mapped file if it is one.
  Gpt2(Tensors tensors, const Compute& compute);
  ~Gpt2();

  std::int64_t width() const;       ///< E
  std::int64_t layers() const;      ///< L
  std::int64_t vocabulary() const;  ///< V
  std::int64_t context() const;     ///< number of learned positions

  /// A session without sequences; it refers to this model.
  Gpt2Session start() const;
  /// Empty slots; they refer to this model. Their steps attend by `attention`, or by LibTorch's operators if
  /// there is none. Throws Error(internal) for sizes that do not fit it.
  Gpt2Slots slots(const SlotSizes& sizes, StepAttentionFunction attention = {}) const;

 private:
  friend class Gpt2Session;
  friend class Gpt2Slots;
  struct Model;
  std::unique_ptr<const Model> model_;
};

}  // namespace caption
