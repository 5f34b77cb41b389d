#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "caption/captioner.h"
#include "decode/search.h"
#include "image/image.h"
#include "model/manifest.h"
#include "pipeline/scheduler.h"
#include "tensor/tensor.h"
#include "text/tokenizer.h"

namespace caption {

/// A loaded model and what it runs on: the CPU by our kernels (pipeline/cpu_engine.h), or a GPU by LibTorch
/// (libtorch/engine), in a library that is opened only then.
class Engine {
 public:
  virtual ~Engine() = default;

  virtual const Manifest& manifest() const = 0;
  virtual const Tokenizer& tokenizer() const = 0;
  /// Tokens that fit behind the prefix.
  virtual std::int64_t most_tokens() const = 0;

  /// RGB -> pixels [3, R, R]; or the image with the plan of its resizing, if the device does that. Safe to
  /// call from several threads.
  virtual Picture prepare(RgbImage image) const = 0;

  /// Searches for captions: pixels [B, 3, R, R] -> embedding [B, D] -> prefix [B, P, E] -> token ids. They
  /// refer to the engine.
  virtual std::unique_ptr<PictureSearches> searches(const SearchTask& task) = 0;

  /// pixels [B, 3, R, R] -> embedding [B, D] fp32 as the encoder gives it, in the CPU's memory.
  virtual Tensor embed(std::span<const Picture> pictures) = 0;

  /// The language model behind B versions of a picture, which are its next images, for teacher forcing. It
  /// refers to the engine.
  virtual std::unique_ptr<StepFunction> language_model(std::span<const Pixels> versions) = 0;
};

}  // namespace caption
