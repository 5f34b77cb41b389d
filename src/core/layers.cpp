#include "core/layers.h"

#include <utility>

namespace caption {

struct Linear::Packed {
  at::Tensor weight;  // [out, in]
  at::Tensor bias;    // [out] or undefined
};

Linear::Linear(const at::Tensor& weight, const at::Tensor& bias, const Compute& compute)
    : in_(weight.size(1)), out_(weight.size(0)) {
  auto packed = std::make_shared<Packed>();
  packed->weight = weight.to(at::TensorOptions().device(compute.device).dtype(compute.weights))
                       .to(at::kFloat)
                       .contiguous();
  if (bias.defined()) packed->bias = bias.to(at::TensorOptions().device(compute.device).dtype(at::kFloat));
  packed_ = std::move(packed);
}

at::Tensor Linear::operator()(const at::Tensor& x, Activation activation) const {
  const at::Tensor y = at::linear(x, packed_->weight, packed_->bias);
  switch (activation) {
    case Activation::none:
      return y;
    case Activation::relu:
      return at::relu(y);
    case Activation::tanh:
      return at::tanh(y);
    case Activation::gelu:
      return at::gelu(y);
    case Activation::gelu_tanh:
      return at::gelu(y, "tanh");
    case Activation::quick_gelu:
      return y * at::sigmoid(y * 1.702);
  }
  return y;
}

Linear take_linear(Tensors& tensors, const std::string& name, std::int64_t out, std::int64_t in,
                   const Compute& compute) {
  const at::Tensor weight = tensors.take(name + ".weight", {out, in});
  return Linear(weight, tensors.take(name + ".bias", {out}), compute);
}

Linear take_linear_without_bias(Tensors& tensors, const std::string& name, std::int64_t out, std::int64_t in,
                                const Compute& compute) {
  return Linear(tensors.take(name + ".weight", {out, in}), at::Tensor(), compute);
}

LayerNorm::LayerNorm(const at::Tensor& weight, const at::Tensor& bias, const Compute& compute)
    : weight_(weight.to(compute.device, at::kFloat)), bias_(bias.to(compute.device, at::kFloat)) {}

at::Tensor LayerNorm::operator()(const at::Tensor& x) const {
  return at::layer_norm(x, weight_.sizes(), weight_, bias_, 1e-5);
}

LayerNorm take_layer_norm(Tensors& tensors, const std::string& name, std::int64_t width,
                          const Compute& compute) {
  const at::Tensor weight = tensors.take(name + ".weight", {width});
  return LayerNorm(weight, tensors.take(name + ".bias", {width}), compute);
}

at::Tensor take_parameter(Tensors& tensors, const std::string& name, const Shape& shape,
                          const Compute& compute) {
  return tensors.take(name, shape).to(compute.device, at::kFloat).contiguous();
}

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads,
                     bool causal) {
  const auto split = [&](const at::Tensor& t) {  // [B, T, width] -> [B, heads, T, d]
    return t.reshape({t.size(0), t.size(1), heads, t.size(2) / heads}).transpose(1, 2);
  };
  const at::Tensor y = at::scaled_dot_product_attention(split(q), split(k), split(v), {}, 0.0, causal);
  return y.transpose(1, 2).reshape(q.sizes());
}

}  // namespace caption
