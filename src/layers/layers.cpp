#include "layers/layers.h"

#include <optional>
#include <utility>

#include "caption/error.h"
#include "kernels/kernels.h"
#include "kernels/packed_matrix.h"
#include "kernels/packed_store.h"
#include "kernels/parallel.h"

namespace caption {
namespace {

/// Floats below which normalising on one thread is quicker than waking another.
constexpr std::int64_t kWorthSharing = 32 * 1024;

void require(bool condition, const char* what, const at::Tensor& x) {
  if (condition) return;
  throw Error(ErrorKind::internal, std::string(what) + ": unexpected " + c10::toString(x.scalar_type()) +
                                       " " + to_string(x.sizes()));
}

/// The activations on devices other than the CPU.
at::Tensor activate(const at::Tensor& y, Activation activation) {
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

PackedWeights packed_or_kept(const DerivedMatrix& matrix, const Compute& compute) {
  const auto pack = [&] {
    const auto [weight, bias] = matrix.make();
    return pack_weights(weight, bias, compute.weights);
  };
  if (!compute.packed) return pack();
  const std::string origin = origin_of(matrix.rule, matrix.from);
  if (origin.empty()) return pack();
  return compute.packed->get({origin, matrix.out, matrix.in, compute.weights}, pack);
}

}  // namespace

/// On the CPU the packed matrix; elsewhere the plain tensors.
struct Linear::Packed {
  std::optional<PackedMatrix> matrix;
  at::Tensor weight;  // [out, in]
  at::Tensor bias;    // [out] or undefined

  at::Tensor on_device(const at::Tensor& x) const {
    return at::linear(x.to(weight.scalar_type()), weight, bias);
  }
};

Linear::Linear(const at::Tensor& weight, const at::Tensor& bias, const Compute& compute)
    : Linear(
          DerivedMatrix{
              "", {weight, bias}, weight.size(0), weight.size(1), [&] { return std::pair(weight, bias); }},
          compute) {}

Linear::Linear(const DerivedMatrix& matrix, const Compute& compute) : in_(matrix.in), out_(matrix.out) {
  auto packed = std::make_shared<Packed>();
  if (compute.device.is_cpu()) {
    packed->matrix.emplace(packed_or_kept(matrix, compute), compute.activations);
  } else {
    const auto [weight, bias] = matrix.make();
    packed->weight = weight.to(compute.device, compute.weights).contiguous();
    if (bias.defined()) packed->bias = bias.to(compute.device, compute.weights);
  }
  packed_ = std::move(packed);
}

bool Linear::takes(const at::Tensor& x) const {
  const at::ScalarType type = x.scalar_type();
  return x.dim() > 0 && x.size(-1) == in_ &&
         (type == at::kFloat || (!packed_->matrix && type == packed_->weight.scalar_type()));
}

at::Tensor Linear::operator()(const at::Tensor& x, Activation activation) const {
  require(takes(x), "linear layer", x);
  if (!packed_->matrix) return activate(packed_->on_device(x), activation);
  const at::Tensor from = x.contiguous();
  Shape shape = x.sizes().vec();
  shape.back() = out_;
  at::Tensor y = at::empty(shape, x.options());
  packed_->matrix->multiply({from.const_data_ptr<float>(), in_, from.numel() / in_},
                            {y.mutable_data_ptr<float>(), out_, activation});
  return y;
}

at::Tensor Linear::in_fp32(const at::Tensor& x) const {
  require(takes(x) && x.dim() == 2, "linear layer in fp32", x);
  if (packed_->matrix || packed_->weight.scalar_type() == at::kFloat) return (*this)(x);
  require(!packed_->bias.defined(), "linear layer in fp32 with a bias", packed_->weight);
  return at::mm(x.to(packed_->weight.scalar_type()), packed_->weight.t(), at::kFloat);
}

void Linear::add_to(at::Tensor& sum, const at::Tensor& x, Activation activation) const {
  require(takes(x), "linear layer", x);
  require(sum.dim() > 0 && sum.size(-1) == out_ && sum.numel() / out_ == x.numel() / in_ &&
              sum.is_contiguous() && (sum.scalar_type() == at::kFloat || !packed_->matrix),
          "sum of a linear layer", sum);
  if (!packed_->matrix) {
    sum.add_(packed_->on_device(x).view(sum.sizes()));
    if (activation != Activation::none) sum.copy_(activate(sum, activation));
    return;
  }
  const at::Tensor from = x.contiguous();
  packed_->matrix->multiply({from.const_data_ptr<float>(), in_, from.numel() / in_},
                            {sum.mutable_data_ptr<float>(), out_, activation, true});
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
    : weight_(weight.to(compute.device, at::kFloat).contiguous()),
      bias_(bias.to(compute.device, at::kFloat).contiguous()) {}

at::Tensor LayerNorm::operator()(const at::Tensor& x) const {
  const std::int64_t width = weight_.size(0);
  require(x.dim() > 0 && x.size(-1) == width && x.scalar_type() == at::kFloat, "layer normalisation", x);
  if (!weight_.is_cpu()) return at::layer_norm(x, weight_.sizes(), weight_, bias_, 1e-5);
  const at::Tensor from = x.contiguous();
  at::Tensor y = at::empty_like(from);
  const auto normalise = [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) {
      const auto offset = static_cast<std::int64_t>(r) * width;
      kernels::active().layer_norm(from.const_data_ptr<float>() + offset, weight_.const_data_ptr<float>(),
                                   bias_.const_data_ptr<float>(), width,
                                   y.mutable_data_ptr<float>() + offset);
    }
  };
  const auto rows = static_cast<std::size_t>(from.numel() / width);
  if (from.numel() < kWorthSharing) {
    normalise(0, rows);
  } else {
    parallel_for(rows, normalise);
  }
  return y;
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

}  // namespace caption
