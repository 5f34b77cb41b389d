#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <span>

#include "core/compute.h"
#include "core/tensors.h"

namespace caption {

class Gpt2;

/// Many sequences decoded together over one cache. Rows are sequences; each descends from one of the B
/// prefixes, whose keys and values all its rows share. On the CPU a row's logits are the same, bit for bit,
/// whatever other rows, images and threads there are.
///
/// Memory grows by the step: 2 L E floats for each row of each step, and for each position of each prefix,
/// until the session ends. Misuse is an Error(internal).
class Gpt2Session {
 public:
  Gpt2Session(Gpt2Session&&) noexcept;
  ~Gpt2Session();

  /// Runs the prefixes. -> logits [B, V] fp32 on the model's device, of the position after each prefix. Once,
  /// first.
  at::Tensor prefill();
  /// Appends tokens[r] to a copy of row parents[r] of the call before, for each of the R >= 1 new rows. Rows
  /// may be dropped (never a parent), kept or multiplied. -> logits [R, V] fp32 on the model's device
  at::Tensor step(std::span<const std::int32_t> tokens, std::span<const std::int32_t> parents);

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

  /// prefix [B, P, E] fp32; at most `max_tokens` calls of step follow. P + max_tokens must not exceed
  /// context(). The session refers to this model.
  Gpt2Session start(const at::Tensor& prefix, std::int64_t max_tokens) const;

 private:
  friend class Gpt2Session;
  struct Model;
  std::unique_ptr<const Model> model_;
};

}  // namespace caption
