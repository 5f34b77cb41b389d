#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "layers/layers.h"
#include "vision/batch_norm.h"

namespace caption {

// Activations are channels-last: [B, H, W, C], so that a convolution is a matrix product over pixels, whose
// rows the linear layer computes alike in any batch.

/// Where the windows of a convolution begin.
enum class Padding {
  around,  ///< the first one with its middle on the first position
  same,    ///< as TensorFlow's "SAME": see zeros_before
};

/// Which tensors a convolution takes, and its geometry. Its padding keeps the size, but for the stride.
struct ConvSpec {
  std::string conv;  ///< the convolution's name
  std::string norm;  ///< the name of the batch norm after it
  std::int64_t out = 0;
  std::int64_t in = 0;
  std::int64_t side = 1;  ///< 1 or 3
  std::int64_t stride = 1;
  Padding padding = Padding::around;
  double eps = kClipEps;  ///< of the batch norm
};

/// Convolution without bias and the batch norm after it, folded into one matrix product.
template <typename T>
class Conv {
 public:
  Conv(Tensors& tensors, const ConvSpec& spec, const Compute<T>& compute)
      : side_(spec.side),
        stride_(spec.stride),
        padding_(spec.padding),
        linear_(fold(tensors, spec, compute)) {}

  /// x [B, H, W, in] -> [B, (H - 1) / stride + 1, (W - 1) / stride + 1, out]; H == W with Padding::same
  T operator()(const T& x, Activation activation) const { return linear_(windows(x), activation); }

  /// sum = activation(sum + convolution of x) in place; `sum` is contiguous
  void add_to(T& sum, const T& x, Activation activation) const {
    linear_.add_to(sum, windows(x), activation);
  }

 private:
  static Linear<T> fold(Tensors& tensors, const ConvSpec& spec, const Compute<T>& compute) {
    const Tensor weight = tensors.take(spec.conv + ".weight", {spec.out, spec.in, spec.side, spec.side});
    const BatchNorm norm = take_batch_norm(tensors, spec.norm, spec.out, spec.eps);
    return Linear<T>(DerivedMatrix{norm.rule(),
                                   {weight, norm.weight, norm.bias, norm.mean, norm.variance},
                                   spec.out,
                                   spec.side * spec.side * spec.in,
                                   [weight, norm] { return fold_batch_norm(weight, norm); }},
                     compute);
  }

  T windows(const T& x) const {
    if (side_ == 1) return x;
    return Ops<T>::neighbourhoods(x, stride_,
                                  padding_ == Padding::same ? zeros_before(x.size(1), side_, stride_) : 1);
  }

  std::int64_t side_;
  std::int64_t stride_;
  Padding padding_;
  Linear<T> linear_;
};

/// In a convolutional network rounding to int8 adds up over the many layers, and channels differ much in
/// size.
template <typename T>
Compute<T> no_coarser_than_bf16(Compute<T> compute) {
  if (compute.weights == DType::int8) compute.weights = DType::bf16;
  return compute;
}

/// pixels [B, 3, R, R] -> embedding [B, D] fp32, by `encode`, which takes any number of images: all at once,
/// or one after the other where that is quicker.
template <typename T, typename Encode>
T encode_images(const T& pixels, const Encode& encode) {
  if constexpr (Ops<T>::kConvolvesTogether) {
    return Ops<T>::fp32(encode(pixels));
  } else {
    std::vector<T> embeddings;  // B of [1, D]
    for (std::int64_t i = 0; i < pixels.size(0); ++i) embeddings.push_back(encode(pixels.narrow(0, i, 1)));
    return Ops<T>::concatenate(embeddings, 0);
  }
}

}  // namespace caption
