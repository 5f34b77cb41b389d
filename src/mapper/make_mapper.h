#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "caption/error.h"
#include "mapper/mapper.h"
#include "mapper/sizes.h"

namespace caption {

/// Throws Error(internal) unless `embedding` is [B, expected].
template <typename T>
void require_embedding(const T& embedding, std::int64_t expected) {
  if (embedding.dim() == 2 && embedding.size(1) == expected) return;
  throw Error(ErrorKind::internal, "mapper: expected an embedding [B, " + std::to_string(expected) +
                                       "], found " + shape_text(embedding));
}

/// Linear -> [P, E]: what one old inference script used for P > 10.
template <typename T>
class LinearMapper : public Mapper<T> {
 public:
  LinearMapper(Tensors tensors, std::int64_t width, const Compute<T>& compute)
      : prefix_length_(read_prefix_length(tensors, "weight", width)),
        width_(width),
        linear_(tensors.take("weight", {prefix_length_ * width, tensors.shape("weight", 2)[1]}),
                tensors.take("bias", {prefix_length_ * width}), compute) {
    tensors.require_all_taken();
  }

  std::string_view kind() const override { return "linear"; }
  std::int64_t embedding() const override { return linear_.in(); }
  std::int64_t prefix_length() const override { return prefix_length_; }

  T map(const T& embedding) const override {
    require_embedding(embedding, this->embedding());
    // [B, D] -> [B, P*E] -> [B, P, E]
    return Ops<T>::fp32(linear_(embedding).reshape({-1, prefix_length_, width_}));
  }

 private:
  std::int64_t prefix_length_;
  std::int64_t width_;
  Linear<T> linear_;
};

/// Linear -> tanh -> Linear -> [P, E]; or more layers, with a tanh behind each but the last
template <typename T>
class MlpMapper : public Mapper<T> {
 public:
  MlpMapper(Tensors tensors, std::int64_t width, const Compute<T>& compute)
      : sizes_(read_mlp_mapper_sizes(tensors, width)), width_(width) {
    std::int64_t in = sizes_.embedding;
    std::vector<std::int64_t> outs = sizes_.hidden;
    outs.push_back(sizes_.prefix_length * width);
    for (const std::int64_t out : outs) {
      const auto number = static_cast<int>(2 * layers_.size());
      layers_.push_back(take_linear(tensors, mlp_layer(number), out, in, compute));
      in = out;
    }
    tensors.require_all_taken();
  }

  std::string_view kind() const override { return "mlp"; }
  std::int64_t embedding() const override { return sizes_.embedding; }
  std::int64_t prefix_length() const override { return sizes_.prefix_length; }

  T map(const T& embedding) const override {
    require_embedding(embedding, sizes_.embedding);
    T x = embedding;                                                                           // [B, D]
    for (std::size_t i = 0; i + 1 < layers_.size(); ++i) x = layers_[i](x, Activation::tanh);  // [B, hidden]
    const T flat = layers_.back()(x);                                       // [B, hidden] -> [B, P*E]
    return Ops<T>::fp32(flat.reshape({-1, sizes_.prefix_length, width_}));  // [B, P*E] -> [B, P, E]
  }

 private:
  MlpMapperSizes sizes_;
  std::int64_t width_;
  std::vector<Linear<T>> layers_;
};

/// One pre-norm layer of the transformer mapper.
template <typename T>
class MapperLayer {
 public:
  MapperLayer(Tensors& tensors, const std::string& name, const TransformerMapperSizes& sizes,
              const Compute<T>& compute)
      : MapperLayer(tensors, name, sizes.width, sizes.heads, compute) {}

  /// The residual stream x [B, C + P, E] in place.
  void operator()(T& x) const {
    const T normal = norm1_(x);
    const T keys_values = to_keys_values_(normal);      // [B, C + P, 2E], keys first
    const T k = keys_values.narrow(2, 0, width_);       // [B, C + P, E]
    const T v = keys_values.narrow(2, width_, width_);  // [B, C + P, E]
    project_.add_to(x, Ops<T>::attention(to_queries_(normal), k, v, heads_, false));
    fc2_.add_to(x, fc1_(norm2_(x), Activation::relu));
  }

 private:
  MapperLayer(Tensors& tensors, const std::string& name, std::int64_t width, std::int64_t heads,
              const Compute<T>& compute)
      : width_(width),
        heads_(heads),
        norm1_(take_layer_norm(tensors, name + "norm1", width, compute)),
        to_queries_(take_linear_without_bias(tensors, name + "attn.to_queries", width, width, compute)),
        to_keys_values_(
            take_linear_without_bias(tensors, name + "attn.to_keys_values", 2 * width, width, compute)),
        project_(take_linear(tensors, name + "attn.project", width, width, compute)),
        norm2_(take_layer_norm(tensors, name + "norm2", width, compute)),
        fc1_(take_linear(tensors, name + "mlp.fc1", tensors.shape(name + "mlp.fc1.weight", 2)[0], width,
                         compute)),
        fc2_(take_linear(tensors, name + "mlp.fc2", width, fc1_.out(), compute)) {}

  std::int64_t width_;
  std::int64_t heads_;
  LayerNorm<T> norm1_;
  Linear<T> to_queries_;
  Linear<T> to_keys_values_;
  Linear<T> project_;
  LayerNorm<T> norm2_;
  Linear<T> fc1_;
  Linear<T> fc2_;
};

template <typename T>
class TransformerMapper : public Mapper<T> {
 public:
  TransformerMapper(Tensors tensors, std::int64_t width, std::int64_t heads, const Compute<T>& compute)
      : sizes_(read_transformer_mapper_sizes(tensors, width, heads)),
        linear_(take_linear(tensors, "linear", sizes_.clip_length * sizes_.width, sizes_.embedding, compute)),
        prefix_const_(
            take_parameter(tensors, "prefix_const", {sizes_.prefix_length, sizes_.width}, compute)) {
    for (std::int64_t i = 0; i < sizes_.layers; ++i) {
      layers_.emplace_back(tensors, "transformer.layers." + std::to_string(i) + ".", sizes_, compute);
    }
    tensors.require_all_taken();
  }

  std::string_view kind() const override { return "transformer"; }
  std::int64_t embedding() const override { return sizes_.embedding; }
  std::int64_t prefix_length() const override { return sizes_.prefix_length; }

  T map(const T& embedding) const override {
    require_embedding(embedding, this->embedding());
    const std::int64_t b = embedding.size(0);
    const T clip = linear_(embedding).reshape({b, sizes_.clip_length, sizes_.width});  // [B, C, E]
    const T constant = prefix_const_.expand({b, sizes_.prefix_length, sizes_.width});  // [B, P, E]
    T x = Ops<T>::concatenate(std::vector<T>{Ops<T>::fp32(clip), constant}, 1);        // [B, C + P, E]
    for (const MapperLayer<T>& layer : layers_) layer(x);
    return x.narrow(1, sizes_.clip_length, sizes_.prefix_length);  // [B, P, E]
  }

 private:
  TransformerMapperSizes sizes_;
  Linear<T> linear_;
  T prefix_const_;  ///< [P, E]
  std::vector<MapperLayer<T>> layers_;
};

template <typename T>
std::unique_ptr<Mapper<T>> make_mapper(Tensors tensors, std::int64_t width, const Compute<T>& compute,
                                       std::int64_t heads) {
  switch (mapper_kind(tensors)) {
    case MapperKind::transformer:
      return std::make_unique<TransformerMapper<T>>(std::move(tensors), width, heads, compute);
    case MapperKind::linear:
      return std::make_unique<LinearMapper<T>>(std::move(tensors), width, compute);
    case MapperKind::mlp:
      break;
  }
  return std::make_unique<MlpMapper<T>>(std::move(tensors), width, compute);
}

}  // namespace caption
