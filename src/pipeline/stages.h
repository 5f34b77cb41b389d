#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "model/bundle.h"
#include "caption/captioner.h"
#include "decode/search.h"
#include "image/image.h"

namespace caption {

// The stages between the modules, one by one: for the captioner, and for the benchmark that times them.

/// How the bundle's encoder takes a picture.
PixelFormat pixel_format(const Manifest::Image& image);

/// pixels [B, 3, R, R] -> embedding [B, D], as the mapper takes it
at::Tensor embed(const Bundle& bundle, const at::Tensor& pixels);

/// pixels [B, 3, R, R] -> prefix [B, P, E]
at::Tensor prefix_of(const Bundle& bundle, const at::Tensor& pixels);

/// What fits into the language model's positions behind the prefix.
std::int64_t most_tokens(const Bundle& bundle);

/// A search's result with its text.
Caption describe(const Tokenizer& tokenizer, Hypothesis hypothesis);

}  // namespace caption
