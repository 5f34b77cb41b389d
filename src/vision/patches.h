#pragma once

#include <cstdint>

#include "layers/layers.h"

namespace caption {

// What vision transformers share at their beginning.

/// All of an image's tokens are rows at once: here the multiplications take the time.
template <typename T>
Compute<T> by_8_bits(Compute<T> compute) {
  compute.activations = Activations::bits8;
  return compute;
}

/// The patch convolution's stride equals its side, so it is one matrix product over unfolded patches. Takes
/// conv1.weight [width, 3, side, side] and, if the encoder has one, conv1.bias [width].
template <typename T>
Linear<T> take_patch_embedding(Tensors& tensors, std::int64_t width, std::int64_t side, bool has_bias,
                               const Compute<T>& compute) {
  const Tensor weight = tensors.take("conv1.weight", {width, 3, side, side});
  const Tensor bias = has_bias ? tensors.take("conv1.bias", {width}) : Tensor();
  return Linear<T>(weight.reshape({width, 3 * side * side}), bias, compute);
}

}  // namespace caption
