#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <span>

#include "core/compute.h"
#include "core/tensors.h"

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

 private:
  friend class Gpt2Session;
  struct Model;
  std::unique_ptr<const Model> model_;
};

}  // namespace caption
