#include "mapper/mapper.h"

#include <string>
#include <utility>
#include <vector>

#include "caption/error.h"
#include "layers/layers.h"

namespace caption {
namespace {

/// The published transformer mapper always has so many heads.
constexpr std::int64_t kHeads = 8;

/// P, from the P * E outputs of the layer `name`.
std::int64_t read_prefix_length(const Tensors& tensors, const std::string& name, std::int64_t width) {
  const std::int64_t outputs = tensors.shape(name, 2)[0];
  if (outputs < width || outputs % width != 0) {
    tensors.fail(name, "the mapper's " + std::to_string(outputs) +
                           " outputs are not a multiple of GPT-2's width " + std::to_string(width) +
                           ": mapper and language model do not belong together");
  }
  return outputs / width;
}

/// Throws Error(internal) unless `embedding` is [B, expected].
void require_embedding(const at::Tensor& embedding, std::int64_t expected) {
  if (embedding.dim() == 2 && embedding.size(1) == expected && embedding.scalar_type() == at::kFloat) return;
  throw Error(ErrorKind::internal, "mapper: expected an fp32 embedding [B, " + std::to_string(expected) +
                                       "], found " + to_string(embedding.sizes()) + " of " +
                                       c10::toString(embedding.scalar_type()));
}

/// Linear -> [P, E]: what one old inference script used for P > 10.
class LinearMapper : public Mapper {
 public:
  LinearMapper(Tensors tensors, std::int64_t width, const Compute& compute)
      : prefix_length_(read_prefix_length(tensors, "weight", width)),
        width_(width),
        linear_(tensors.take("weight", {prefix_length_ * width, tensors.shape("weight", 2)[1]}),
                tensors.take("bias", {prefix_length_ * width}), compute) {
    tensors.require_all_taken();
  }

  std::string_view kind() const override { return "linear"; }
  std::int64_t embedding() const override { return linear_.in(); }
  std::int64_t prefix_length() const override { return prefix_length_; }

  at::Tensor map(const at::Tensor& embedding) const override {
    require_embedding(embedding, this->embedding());
    // [B, D] -> [B, P*E] -> [B, P, E]
    return linear_(embedding).reshape({-1, prefix_length_, width_}).to(at::kFloat);
  }

 private:
  std::int64_t prefix_length_;
  std::int64_t width_;
  Linear linear_;
};

/// Linear -> tanh -> Linear -> [P, E]
class MlpMapper : public Mapper {
 public:
  MlpMapper(Tensors tensors, std::int64_t width, const Compute& compute)
      : prefix_length_(read_prefix_length(tensors, "model.2.weight", width)),
        width_(width),
        first_(take_first(tensors, compute)),
        second_(take_linear(tensors, "model.2", prefix_length_ * width, first_.out(), compute)) {
    tensors.require_all_taken();
  }

  std::string_view kind() const override { return "mlp"; }
  std::int64_t embedding() const override { return first_.in(); }
  std::int64_t prefix_length() const override { return prefix_length_; }

  at::Tensor map(const at::Tensor& embedding) const override {
    require_embedding(embedding, this->embedding());
    const at::Tensor hidden = first_(embedding, Activation::tanh);                // [B, D] -> [B, hidden]
    return second_(hidden).reshape({-1, prefix_length_, width_}).to(at::kFloat);  // [B, P*E] -> [B, P, E]
  }

 private:
  static Linear take_first(Tensors& tensors, const Compute& compute) {
    const Shape shape = tensors.shape("model.0.weight", 2);  // [hidden, D]
    return take_linear(tensors, "model.0", shape[0], shape[1], compute);
  }

  std::int64_t prefix_length_;
  std::int64_t width_;
  Linear first_;
  Linear second_;
};

/// One pre-norm layer of the transformer mapper.
class Layer {
 public:
  Layer(Tensors& tensors, const std::string& name, std::int64_t width, const Compute& compute)
      : width_(width),
        norm1_(take_layer_norm(tensors, name + "norm1", width, compute)),
        to_queries_(take_linear_without_bias(tensors, name + "attn.to_queries", width, width, compute)),
        to_keys_values_(
            take_linear_without_bias(tensors, name + "attn.to_keys_values", 2 * width, width, compute)),
        project_(take_linear(tensors, name + "attn.project", width, width, compute)),
        norm2_(take_layer_norm(tensors, name + "norm2", width, compute)),
        fc1_(take_linear(tensors, name + "mlp.fc1", tensors.shape(name + "mlp.fc1.weight", 2)[0], width,
                         compute)),
        fc2_(take_linear(tensors, name + "mlp.fc2", width, fc1_.out(), compute)) {}

  /// The residual stream x [B, C + P, E] in place.
  void operator()(at::Tensor& x) const {
    const at::Tensor normal = norm1_(x);
    const at::Tensor keys_values = to_keys_values_(normal);      // [B, C + P, 2E], keys first
    const at::Tensor k = keys_values.narrow(2, 0, width_);       // [B, C + P, E]
    const at::Tensor v = keys_values.narrow(2, width_, width_);  // [B, C + P, E]
    project_.add_to(x, attention(to_queries_(normal), k, v, kHeads, false));
    fc2_.add_to(x, fc1_(norm2_(x), Activation::relu));
  }

 private:
  std::int64_t width_;
  LayerNorm norm1_;
  Linear to_queries_;
  Linear to_keys_values_;
  Linear project_;
  LayerNorm norm2_;
  Linear fc1_;
  Linear fc2_;
};

/// Sizes of a transformer mapper.
struct TransformerSizes {
  std::int64_t prefix_length = 0;  ///< P
  std::int64_t width = 0;          ///< E
  std::int64_t clip_length = 0;    ///< C
  std::int64_t embedding = 0;      ///< D
  std::int64_t layers = 0;
};

TransformerSizes read_sizes(const Tensors& tensors, std::int64_t width) {
  const Shape prefix = tensors.shape("prefix_const", 2);   // [P, E]
  const Shape linear = tensors.shape("linear.weight", 2);  // [C * E, D]
  TransformerSizes sizes{prefix[0], prefix[1], 0, linear[1], tensors.count_blocks("transformer.layers.")};
  if (sizes.width != width) {
    tensors.fail("prefix_const", "the mapper is for a GPT-2 of width " + std::to_string(sizes.width) +
                                     ", but the language model's width is " + std::to_string(width));
  }
  if (width % kHeads != 0) {
    tensors.fail("prefix_const", "the width of a transformer mapper must be a multiple of its " +
                                     std::to_string(kHeads) + " heads, found shape " + to_string(prefix));
  }
  if (linear[0] < width || linear[0] % width != 0) {
    tensors.fail("linear.weight", "expected a multiple of the width " + std::to_string(width) +
                                      " as its outputs, found shape " + to_string(linear));
  }
  if (sizes.prefix_length < 1) tensors.fail("prefix_const", "empty: shape " + to_string(prefix));
  if (sizes.layers == 0)
    tensors.fail("transformer.layers.0.norm1.weight", "missing: the mapper has no layers");
  sizes.clip_length = linear[0] / width;
  return sizes;
}

class TransformerMapper : public Mapper {
 public:
  TransformerMapper(Tensors tensors, const TransformerSizes& sizes, const Compute& compute)
      : sizes_(sizes),
        linear_(take_linear(tensors, "linear", sizes.clip_length * sizes.width, sizes.embedding, compute)),
        prefix_const_(take_parameter(tensors, "prefix_const", {sizes.prefix_length, sizes.width}, compute)) {
    for (std::int64_t i = 0; i < sizes.layers; ++i) {
      layers_.emplace_back(tensors, "transformer.layers." + std::to_string(i) + ".", sizes.width, compute);
    }
    tensors.require_all_taken();
  }

  std::string_view kind() const override { return "transformer"; }
  std::int64_t embedding() const override { return sizes_.embedding; }
  std::int64_t prefix_length() const override { return sizes_.prefix_length; }

  at::Tensor map(const at::Tensor& embedding) const override {
    require_embedding(embedding, this->embedding());
    const std::int64_t b = embedding.size(0);
    const at::Tensor clip = linear_(embedding).reshape({b, sizes_.clip_length, sizes_.width});  // [B, C, E]
    const at::Tensor constant = prefix_const_.expand({b, sizes_.prefix_length, sizes_.width});  // [B, P, E]
    at::Tensor x = at::cat({clip, constant}, 1);  // [B, C + P, E]
    for (const Layer& layer : layers_) layer(x);
    return x.narrow(1, sizes_.clip_length, sizes_.prefix_length);  // [B, P, E]
  }

 private:
  TransformerSizes sizes_;
  Linear linear_;
  at::Tensor prefix_const_;  ///< [P, E]
  std::vector<Layer> layers_;
};

}  // namespace

std::unique_ptr<Mapper> make_mapper(Tensors tensors, std::int64_t width, const Compute& compute) {
  if (tensors.contains("prefix_const")) {
    const TransformerSizes sizes = read_sizes(tensors, width);
    return std::make_unique<TransformerMapper>(std::move(tensors), sizes, compute);
  }
  if (tensors.contains("weight")) return std::make_unique<LinearMapper>(std::move(tensors), width, compute);
  return std::make_unique<MlpMapper>(std::move(tensors), width, compute);
}

}  // namespace caption
