#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "vision/conv.h"
#include "vision/encoder.h"
#include "vision/sizes.h"

namespace caption {

/// What EfficientNet's batch norms add to the variance: TensorFlow's default.
inline constexpr double kEfficientNetEps = 1e-3;

/// What an EfficientNet says of an image's classes: what the whole shows beside what its parts show, as a
/// distribution's square roots, of which the Euclidean distance is Hellinger's; roots of small shares are
/// noise.
inline constexpr ClassMix kClassMix = {.whole_share = 0.6F, .least_root = 0.05F};

/// 1x1 expand, depthwise, 1x1 project, and the input again where shapes allow it (Sandler et al. 2018).
template <typename T>
class InvertedBottleneck {
 public:
  InvertedBottleneck(Tensors& tensors, const std::string& name, const InvertedBottleneckSizes& sizes,
                     const Compute<T>& compute)
      : adds_input_(sizes.adds_input()),
        expand_(take_expand(tensors, name, sizes, compute)),
        depthwise_(take_depthwise(tensors, name, sizes, compute)),
        project_(tensors, spec(name + "_project_conv", name + "_bn2", sizes.out, sizes.wide), compute) {}

  /// x [B, H, W, in] -> [B, ceil(H / stride), ceil(W / stride), out]; may overwrite x and return it
  T operator()(const T& x) const {
    const T wide = depthwise_(expand_ ? (*expand_)(x, Activation::relu6) : x, Activation::relu6);
    if (!adds_input_) return project_(wide, Activation::none);
    T sum = x;
    project_.add_to(sum, wide, Activation::none);
    return sum;
  }

 private:
  static ConvSpec spec(std::string conv, std::string norm, std::int64_t out, std::int64_t in) {
    ConvSpec spec{std::move(conv), std::move(norm), out, in};
    spec.eps = kEfficientNetEps;
    return spec;
  }

  static std::optional<Conv<T>> take_expand(Tensors& tensors, const std::string& name,
                                            const InvertedBottleneckSizes& sizes, const Compute<T>& compute) {
    if (!sizes.expands()) return std::nullopt;
    return Conv<T>(tensors, spec(name + "_expand_conv", name + "_bn0", sizes.wide, sizes.in), compute);
  }

  static DepthwiseConvolution<T> take_depthwise(Tensors& tensors, const std::string& name,
                                                const InvertedBottleneckSizes& sizes,
                                                const Compute<T>& compute) {
    const Tensor filters =
        tensors.take(name + "_depthwise_conv.weight", {sizes.wide, 1, sizes.side, sizes.side});
    const BatchNorm norm = take_batch_norm(tensors, name + "_bn1", sizes.wide, kEfficientNetEps);
    const auto [weight, bias] = fold_batch_norm(filters, norm);  // [C, k * k], [C]
    return DepthwiseConvolution<T>(weight, bias, sizes.stride, compute);
  }

  bool adds_input_;
  std::optional<Conv<T>> expand_;
  DepthwiseConvolution<T> depthwise_;
  Conv<T> project_;
};

/// EfficientNet-Lite (Tan and Le 2019, without squeeze and excitation, with ReLU6), as the PyPI package
/// efficientnet-lite-pytorch has it.
template <typename T>
class EfficientNet : public ImageEncoder<T> {
 public:
  /// Throws Error(model).
  EfficientNet(Tensors tensors, const EncoderChoices& choices, const Compute<T>& compute)
      : EfficientNet(tensors, choices, read_efficientnet_sizes(tensors, choices.output, choices.resolution),
                     no_coarser_than_bf16(compute)) {}

  EncoderKind kind() const override { return EncoderKind::efficientnet_lite; }
  std::int64_t resolution() const override { return sizes_.resolution(); }
  std::int64_t embedding() const override { return sizes_.embedding; }

  T encode(const T& pixels) const override {  // [B, 3, R, R] -> [B, D]
    require_pixels(pixels, resolution());
    return encode_images(pixels, [this](const T& images) { return encode_together(images); });
  }

  /// The map that the embedding is made of: pixels [B, 3, R, R] -> [B, R / 32, R / 32, features], rounded up
  T features(const T& pixels) const {
    T x = pixels.permute({0, 2, 3, 1}).contiguous();  // [B, R, R, 3]
    x = stem_(x, Activation::relu6);                  // [B, R / 2, R / 2, stem]
    for (const InvertedBottleneck<T>& block : blocks_) x = block(x);
    return head_(x, Activation::relu6);
  }

 private:
  EfficientNet(Tensors& tensors, const EncoderChoices& choices, const EfficientNetSizes& sizes,
               const Compute<T>& compute)
      : sizes_(sizes),
        output_(choices.output),
        stem_(tensors, {"_conv_stem", "_bn0", sizes.stem, 3, 3, 2, Padding::same, kEfficientNetEps}, compute),
        blocks_(take_blocks(tensors, sizes, compute)),
        head_(tensors,
              {"_conv_head", "_bn1", sizes.features, sizes.blocks.back().out, 1, 1, Padding::same,
               kEfficientNetEps},
              compute),
        classifier_(take_linear(tensors, "_fc", sizes.classes, sizes.features, compute)) {
    tensors.require_all_taken();
  }

  static std::vector<InvertedBottleneck<T>> take_blocks(Tensors& tensors, const EfficientNetSizes& sizes,
                                                        const Compute<T>& compute) {
    std::vector<InvertedBottleneck<T>> blocks;
    for (std::size_t i = 0; i < sizes.blocks.size(); ++i)
      blocks.emplace_back(tensors, "_blocks." + std::to_string(i) + ".", sizes.blocks[i], compute);
    return blocks;
  }

  /// pixels [B, 3, R, R] -> [B, D]
  T encode_together(const T& pixels) const {
    const T map = features(pixels);                                       // [B, S, S, F]
    const T mean = Ops<T>::average_pool(map, map.size(1)).flatten(1, 3);  // [B, F]
    if (output_ == EncoderOutput::features) return Ops<T>::fp32(mean);
    T mix = Ops<T>::class_mix(classifier_(mean), classifier_(map.flatten(1, 2)), kClassMix);  // [B, N]
    if (output_ == EncoderOutput::classes) return mix;
    return Ops<T>::concatenate(std::array{mix, Ops<T>::fp32(mean)}, 1);
  }

  EfficientNetSizes sizes_;
  EncoderOutput output_;
  Conv<T> stem_;
  std::vector<InvertedBottleneck<T>> blocks_;
  Conv<T> head_;
  Linear<T> classifier_;
};

}  // namespace caption
