#include "vision/resnet.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "vision/shapes.h"
#include "vision/windows.h"

namespace caption {
namespace {

constexpr double kBatchNormEps = 1e-5;
constexpr std::int64_t kStages = 4;
/// Channels out of a bottleneck / channels inside it.
constexpr std::int64_t kExpansion = 4;
/// Pixels per side of the input for one position of the last stage.
constexpr std::int64_t kTotalStride = 32;

// Activations are channels-last: [B, H, W, C], so that a convolution is a matrix product over pixels, whose
// rows the linear layer computes alike in any batch.

/// Which tensors a convolution takes, and its geometry.
struct ConvSpec {
  std::string conv;  ///< the convolution's name
  std::string norm;  ///< the name of the batch norm after it
  std::int64_t out = 0;
  std::int64_t in = 0;
  std::int64_t side = 1;  ///< 1 or 3; padding keeps the size
  std::int64_t stride = 1;
};

/// A batch norm in inference mode.
struct BatchNorm {
  at::Tensor weight;  ///< [C], as the next three
  at::Tensor bias;
  at::Tensor mean;
  at::Tensor variance;

  at::Tensor scale() const {
    return weight.to(at::kDouble) / (variance.to(at::kDouble) + kBatchNormEps).sqrt();
  }
  at::Tensor shift() const { return bias.to(at::kDouble) - mean.to(at::kDouble) * scale(); }
};

BatchNorm take_batch_norm(Tensors& tensors, const std::string& name, std::int64_t channels) {
  const auto take = [&](const char* part) { return tensors.take(name + part, {channels}); };
  return {take(".weight"), take(".bias"), take(".running_mean"), take(".running_var")};
}

/// Convolution without bias and the batch norm after it, folded into one matrix product.
class Conv {
 public:
  Conv(Tensors& tensors, const ConvSpec& spec, const Compute& compute)
      : side_(spec.side), stride_(spec.stride), linear_(fold(tensors, spec, compute)) {}

  /// x [B, H, W, in] -> [B, H / stride, W / stride, out]
  at::Tensor operator()(const at::Tensor& x, Activation activation) const {
    return linear_(side_ == 1 ? x : neighbourhoods(x, stride_), activation);
  }

  /// sum = relu(sum + convolution of x) in place; `sum` is contiguous
  void add_to(at::Tensor& sum, const at::Tensor& x) const {
    linear_.add_to(sum, side_ == 1 ? x : neighbourhoods(x, stride_), Activation::relu);
  }

 private:
  static Linear fold(Tensors& tensors, const ConvSpec& spec, const Compute& compute) {
    const at::Tensor weight = tensors.take(spec.conv + ".weight", {spec.out, spec.in, spec.side, spec.side});
    const BatchNorm norm = take_batch_norm(tensors, spec.norm, spec.out);
    const std::int64_t in = spec.side * spec.side * spec.in;
    const auto make = [&] {
      const at::Tensor rows = weight.permute({0, 2, 3, 1}).reshape({spec.out, in});
      const at::Tensor scaled = rows.to(at::kDouble) * norm.scale().unsqueeze(1);
      return std::pair(scaled.to(at::kFloat), norm.shift().to(at::kFloat));
    };
    return Linear(DerivedMatrix{"convolution with batch norm",
                                {weight, norm.weight, norm.bias, norm.mean, norm.variance},
                                spec.out,
                                in,
                                make},
                  compute);
  }

  std::int64_t side_;
  std::int64_t stride_;
  Linear linear_;
};

/// Sizes of a bottleneck.
struct BottleneckSpec {
  std::int64_t in = 0;
  std::int64_t planes = 0;  ///< channels of its 3x3 convolution
  std::int64_t stride = 1;

  std::int64_t out() const { return kExpansion * planes; }
};

/// 1x1, 3x3, (average pool,) 1x1 beside a shortcut. Every stride above 1 is an average pool.
class Bottleneck {
 public:
  Bottleneck(Tensors& tensors, const std::string& name, const BottleneckSpec& spec, const Compute& compute)
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
  at::Tensor operator()(const at::Tensor& x) const {
    const at::Tensor y = conv2_(conv1_(x, Activation::relu), Activation::relu);    // [B, H, W, planes]
    at::Tensor sum = downsample_ ? (*downsample_)(pool(x), Activation::none) : x;  // [B, H / stride, ...]
    conv3_.add_to(sum, pool(y));
    return sum;
  }

 private:
  at::Tensor pool(const at::Tensor& x) const { return stride_ > 1 ? average_pool(x, stride_) : x; }

  std::int64_t stride_;
  Conv conv1_;
  Conv conv2_;
  Conv conv3_;
  std::optional<Conv> downsample_;
};

/// Multi-head attention whose only query is the mean of all positions.
class AttentionPool {
 public:
  AttentionPool(Tensors& tensors, std::int64_t channels, std::int64_t side, const Compute& compute)
      : heads_(channels / kClipHeadWidth),
        positions_(
            take_parameter(tensors, "attnpool.positional_embedding", {side * side + 1, channels}, compute)),
        q_proj_(take_linear(tensors, "attnpool.q_proj", channels, channels, compute)),
        k_proj_(take_linear(tensors, "attnpool.k_proj", channels, channels, compute)),
        v_proj_(take_linear(tensors, "attnpool.v_proj", channels, channels, compute)),
        c_proj_(take_linear(tensors, "attnpool.c_proj", tensors.shape("attnpool.c_proj.weight", 2)[0],
                            channels, compute)) {}

  std::int64_t out() const { return c_proj_.out(); }

  /// x [B, S, S, C] -> [B, D]
  at::Tensor operator()(const at::Tensor& x) const {
    const at::Tensor mean = average_pool(x, x.size(1)).flatten(1, 2);             // [B, 1, C]
    const at::Tensor tokens = with_positions(mean, x.flatten(1, 2), positions_);  // [B, S*S + 1, C]
    const at::Tensor q = q_proj_(tokens.narrow(1, 0, 1));                         // [B, 1, C]
    return c_proj_(attention(q, k_proj_(tokens), v_proj_(tokens), heads_, false)).select(1, 0);  // [B, D]
  }

 private:
  std::int64_t heads_;
  at::Tensor positions_;  ///< [S*S + 1, C]
  Linear q_proj_;
  Linear k_proj_;
  Linear v_proj_;
  Linear c_proj_;
};

std::int64_t read_width(const Tensors& tensors) {
  const Shape conv = tensors.shape("layer1.0.conv1.weight", 4);
  if (conv[0] < 2 || conv[0] % 2 != 0) {
    tensors.fail("layer1.0.conv1.weight", "a ResNet's width must be even, found shape " + to_string(conv));
  }
  return conv[0];
}

std::vector<Bottleneck> take_bottlenecks(Tensors& tensors, std::int64_t width, const Compute& compute) {
  std::vector<Bottleneck> bottlenecks;
  BottleneckSpec spec{.in = width};
  for (std::int64_t stage = 0; stage < kStages; ++stage) {
    const std::string name = "layer" + std::to_string(stage + 1) + ".";
    spec.planes = width << stage;
    const std::int64_t count = tensors.count_blocks(name);
    if (count == 0) tensors.fail(name + "0.conv1.weight", "missing: the encoder's stage has no blocks");
    for (std::int64_t block = 0; block < count; ++block) {
      spec.stride = stage > 0 && block == 0 ? 2 : 1;
      bottlenecks.emplace_back(tensors, name + std::to_string(block) + ".", spec, compute);
      spec.in = spec.out();
    }
  }
  return bottlenecks;
}

class ResNet : public ImageEncoder {
 public:
  ResNet(Tensors tensors, std::int64_t width, std::int64_t side, const Compute& compute)
      : resolution_(kTotalStride * side),
        stem1_(tensors, {"conv1", "bn1", width / 2, 3, 3, 2}, compute),
        stem2_(tensors, {"conv2", "bn2", width / 2, width / 2, 3}, compute),
        stem3_(tensors, {"conv3", "bn3", width, width / 2, 3}, compute),
        bottlenecks_(take_bottlenecks(tensors, width, compute)),
        pool_(tensors, width * kTotalStride, side, compute) {
    tensors.require_all_taken();
  }

  std::string_view kind() const override { return "resnet"; }
  std::int64_t resolution() const override { return resolution_; }
  std::int64_t embedding() const override { return pool_.out(); }

  at::Tensor encode(const at::Tensor& pixels) const override {
    require_pixels(pixels, resolution_);
    if (!pixels.is_cpu()) return encode_together(pixels).to(at::kFloat);
    // One image fills the machine already, and its unfolded neighbourhoods are ten times its activations.
    at::Tensor embedding = at::empty({pixels.size(0), pool_.out()}, pixels.options());  // [B, D]
    for (std::int64_t i = 0; i < pixels.size(0); ++i)
      embedding[i].copy_(encode_together(pixels.narrow(0, i, 1))[0]);
    return embedding;
  }

 private:
  /// pixels [B, 3, R, R] -> [B, D]
  at::Tensor encode_together(const at::Tensor& pixels) const {
    at::Tensor x = pixels.permute({0, 2, 3, 1}).contiguous();  // [B, R, R, 3]
    x = stem1_(x, Activation::relu);                           // [B, R/2, R/2, width/2]
    x = stem2_(x, Activation::relu);                           // [B, R/2, R/2, width/2]
    x = stem3_(x, Activation::relu);                           // [B, R/2, R/2, width]
    x = average_pool(x, 2);                                    // [B, R/4, R/4, width]
    for (const Bottleneck& bottleneck : bottlenecks_) x = bottleneck(x);
    return pool_(x);  // x [B, R/32, R/32, 32 * width] -> [B, D]
  }

  std::int64_t resolution_;
  Conv stem1_;
  Conv stem2_;
  Conv stem3_;
  std::vector<Bottleneck> bottlenecks_;
  AttentionPool pool_;
};

}  // namespace

std::unique_ptr<ImageEncoder> make_resnet(Tensors tensors, const Compute& compute) {
  const std::int64_t width = read_width(tensors);
  const std::int64_t side = grid_side(tensors, "attnpool.positional_embedding");
  // Rounding to int8 adds up over the many convolutions, and their channels differ much in size.
  Compute finer = compute;
  if (compute.weights == at::kChar) finer.weights = at::kBFloat16;
  return std::make_unique<ResNet>(std::move(tensors), width, side, finer);
}

}  // namespace caption
