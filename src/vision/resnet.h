#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "vision/conv.h"
#include "vision/encoder.h"
#include "vision/sizes.h"

namespace caption {

/// Sizes of a bottleneck.
struct BottleneckSpec {
  std::int64_t in = 0;
  std::int64_t planes = 0;  ///< channels of its 3x3 convolution
  std::int64_t stride = 1;

  std::int64_t out() const { return 4 * planes; }
};

/// 1x1, 3x3, (average pool,) 1x1 beside a shortcut. Every stride above 1 is an average pool.
template <typename T>
class Bottleneck {
 public:
  Bottleneck(Tensors& tensors, const std::string& name, const BottleneckSpec& spec, const Compute<T>& compute)
      : stride_(spec.stride),
        conv1_(tensors, {name + "conv1", name + "bn1", spec.planes, spec.in}, compute),
        conv2_(tensors, {name + "conv2", name + "bn2", spec.planes, spec.planes, 3}, compute),
        conv3_(tensors, {name + "conv3", name + "bn3", spec.out(), spec.planes}, compute) {
    if (spec.stride > 1 || spec.in != spec.out()) {
      const ConvSpec shortcut{name + "downsample.0", name + "downsample.1", spec.out(), spec.in};
      downsample_.emplace(tensors, shortcut, compute);
    }
  }

  /// x [B, H, W, in] -> [B, H / stride, W / stride, 4 * planes]; may overwrite x and return it
  T operator()(const T& x) const {
    const T y = conv2_(conv1_(x, Activation::relu), Activation::relu);    // [B, H, W, planes]
    T sum = downsample_ ? (*downsample_)(pool(x), Activation::none) : x;  // [B, H / stride, ...]
    conv3_.add_to(sum, pool(y), Activation::relu);
    return sum;
  }

 private:
  T pool(const T& x) const { return stride_ > 1 ? Ops<T>::average_pool(x, stride_) : x; }

  std::int64_t stride_;
  Conv<T> conv1_;
  Conv<T> conv2_;
  Conv<T> conv3_;
  std::optional<Conv<T>> downsample_;
};

/// Multi-head attention whose only query is the mean of all positions.
template <typename T>
class AttentionPool {
 public:
  AttentionPool(Tensors& tensors, const ResNetSizes& sizes, const Compute<T>& compute)
      : heads_(sizes.channels() / kClipHeadWidth),
        positions_(take_parameter(tensors, "attnpool.positional_embedding",
                                  {sizes.grid * sizes.grid + 1, sizes.channels()}, compute)),
        q_proj_(take_linear(tensors, "attnpool.q_proj", sizes.channels(), sizes.channels(), compute)),
        k_proj_(take_linear(tensors, "attnpool.k_proj", sizes.channels(), sizes.channels(), compute)),
        v_proj_(take_linear(tensors, "attnpool.v_proj", sizes.channels(), sizes.channels(), compute)),
        c_proj_(take_linear(tensors, "attnpool.c_proj", sizes.embedding, sizes.channels(), compute)) {}

  /// x [B, S, S, C] -> [B, D]
  T operator()(const T& x) const {
    const T mean = Ops<T>::average_pool(x, x.size(1)).flatten(1, 2);             // [B, 1, C]
    const T tokens = Ops<T>::with_positions(mean, x.flatten(1, 2), positions_);  // [B, S*S + 1, C]
    const T q = q_proj_(tokens.narrow(1, 0, 1));                                 // [B, 1, C]
    return c_proj_(Ops<T>::attention(q, k_proj_(tokens), v_proj_(tokens), heads_, false))
        .select(1, 0);  // [B, D]
  }

 private:
  std::int64_t heads_;
  T positions_;  ///< [S*S + 1, C]
  Linear<T> q_proj_;
  Linear<T> k_proj_;
  Linear<T> v_proj_;
  Linear<T> c_proj_;
};

/// CLIP's ModifiedResNet.
template <typename T>
class ResNet : public ImageEncoder<T> {
 public:
  /// Throws Error(model).
  ResNet(Tensors tensors, const Compute<T>& compute)
      : ResNet(tensors, read_resnet_sizes(tensors), no_coarser_than_bf16(compute)) {}

  EncoderKind kind() const override { return EncoderKind::resnet; }
  std::int64_t resolution() const override { return sizes_.resolution(); }
  std::int64_t embedding() const override { return sizes_.embedding; }

  T encode(const T& pixels) const override {  // [B, 3, R, R] -> [B, D]
    require_pixels(pixels, resolution());
    return encode_images(pixels, [this](const T& images) { return encode_together(images); });
  }

 private:
  ResNet(Tensors& tensors, const ResNetSizes& sizes, const Compute<T>& compute)
      : sizes_(sizes),
        stem1_(tensors, {"conv1", "bn1", sizes.width / 2, 3, 3, 2}, compute),
        stem2_(tensors, {"conv2", "bn2", sizes.width / 2, sizes.width / 2, 3}, compute),
        stem3_(tensors, {"conv3", "bn3", sizes.width, sizes.width / 2, 3}, compute),
        bottlenecks_(take_bottlenecks(tensors, sizes, compute)),
        pool_(tensors, sizes, compute) {
    tensors.require_all_taken();
  }

  static std::vector<Bottleneck<T>> take_bottlenecks(Tensors& tensors, const ResNetSizes& sizes,
                                                     const Compute<T>& compute) {
    std::vector<Bottleneck<T>> bottlenecks;
    BottleneckSpec spec{.in = sizes.width};
    for (std::size_t stage = 0; stage < sizes.blocks.size(); ++stage) {
      const std::string name = "layer" + std::to_string(stage + 1) + ".";
      spec.planes = sizes.width << stage;
      for (std::int64_t block = 0; block < sizes.blocks[stage]; ++block) {
        spec.stride = stage > 0 && block == 0 ? 2 : 1;
        bottlenecks.emplace_back(tensors, name + std::to_string(block) + ".", spec, compute);
        spec.in = spec.out();
      }
    }
    return bottlenecks;
  }

  /// pixels [B, 3, R, R] -> [B, D]
  T encode_together(const T& pixels) const {
    T x = pixels.permute({0, 2, 3, 1}).contiguous();  // [B, R, R, 3]
    x = stem1_(x, Activation::relu);                  // [B, R/2, R/2, width/2]
    x = stem2_(x, Activation::relu);                  // [B, R/2, R/2, width/2]
    x = stem3_(x, Activation::relu);                  // [B, R/2, R/2, width]
    x = Ops<T>::average_pool(x, 2);                   // [B, R/4, R/4, width]
    for (const Bottleneck<T>& bottleneck : bottlenecks_) x = bottleneck(x);
    return pool_(x);  // x [B, R/32, R/32, 32 * width] -> [B, D]
  }

  ResNetSizes sizes_;
  Conv<T> stem1_;
  Conv<T> stem2_;
  Conv<T> stem3_;
  std::vector<Bottleneck<T>> bottlenecks_;
  AttentionPool<T> pool_;
};

}  // namespace caption
