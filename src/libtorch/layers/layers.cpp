#include "libtorch/layers/layers.h"

#include <algorithm>
#include <string>

#include "caption/error.h"
#include "libtorch/layers/convert.h"
#include "tensor/shape.h"

namespace caption {
namespace {

void require(bool condition, const char* what, const at::Tensor& x) {
  if (condition) return;
  throw Error(ErrorKind::internal, std::string(what) + ": unexpected " + c10::toString(x.scalar_type()) +
                                       " " + to_string(x.sizes()));
}

at::Tensor upload_weights(const Tensor& tensor, const TorchCompute& compute) {
  if (!is_weight_type(compute.weights))
    throw Error(ErrorKind::internal,
                "LibTorch's layers have no weights of type " + std::string(name_of(compute.weights)));
  return upload(tensor, compute.device, compute.weights);
}

at::Tensor activate(const at::Tensor& y, Activation activation) {
  switch (activation) {
    case Activation::none:
      return y;
    case Activation::relu:
      return at::relu(y);
    case Activation::relu6:
      return at::clamp(y, 0, 6);
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

}  // namespace

Linear<at::Tensor>::Linear(const Tensor& weight, const Tensor& bias, const TorchCompute& compute)
    : weight_(upload_weights(weight, compute)), bias_(upload_weights(bias, compute)) {}

Linear<at::Tensor>::Linear(const DerivedMatrix& matrix, const TorchCompute& compute) {
  const auto [weight, bias] = matrix.make();
  weight_ = upload_weights(weight, compute);
  bias_ = upload_weights(bias, compute);
}

void Linear<at::Tensor>::require_input(const at::Tensor& x) const {
  const at::ScalarType type = x.scalar_type();
  require(x.dim() > 0 && x.size(-1) == in() && (type == at::kFloat || type == weight_.scalar_type()),
          "linear layer", x);
}

/// x [..., in] -> [..., out]
at::Tensor Linear<at::Tensor>::multiply(const at::Tensor& x) const {
  require_input(x);
  return at::linear(x.to(weight_.scalar_type()), weight_, bias_);
}

at::Tensor Linear<at::Tensor>::operator()(const at::Tensor& x, Activation activation) const {
  return activate(multiply(x), activation);
}

at::Tensor Linear<at::Tensor>::in_fp32(const at::Tensor& x) const {
  require_input(x);
  require(x.dim() == 2, "linear layer in fp32", x);
  if (weight_.scalar_type() == at::kFloat) return multiply(x);
  require(!bias_.defined(), "linear layer in fp32 with a bias", weight_);
  // The sums as they are: rounding them to the weights' type would make ties among tokens.
  return at::mm(x.to(weight_.scalar_type()), weight_.t(), at::kFloat);
}

void Linear<at::Tensor>::add_to(at::Tensor& sum, const at::Tensor& x, Activation activation) const {
  require(sum.dim() > 0 && sum.size(-1) == out() && sum.numel() / out() == x.numel() / in() &&
              sum.is_contiguous(),
          "sum of a linear layer", sum);
  sum.add_(multiply(x).view(sum.sizes()));
  if (activation != Activation::none) sum.copy_(activate(sum, activation));
}

DepthwiseConvolution<at::Tensor>::DepthwiseConvolution(const Tensor& weight, const Tensor& bias,
                                                       std::int64_t stride, const TorchCompute& compute)
    : bias_(upload(bias, compute.device, DType::fp32)), stride_(stride) {
  const std::int64_t side = std::llround(std::sqrt(static_cast<double>(weight.size(1))));
  weight_ = upload(weight, compute.device, DType::fp32).view({weight.size(0), 1, side, side});
}

at::Tensor DepthwiseConvolution<at::Tensor>::operator()(const at::Tensor& x, Activation activation) const {
  const std::int64_t side = weight_.size(2);
  const std::int64_t down = zeros_around(x.size(1), side, stride_);
  const std::int64_t across = zeros_around(x.size(2), side, stride_);
  const std::int64_t top = zeros_before(x.size(1), side, stride_);
  const std::int64_t left = zeros_before(x.size(2), side, stride_);
  const at::Tensor padded =
      at::constant_pad_nd(x.to(at::kFloat), {0, 0, left, across - left, top, down - top}, 0);
  const at::Tensor y = at::conv2d(padded.permute({0, 3, 1, 2}), weight_, bias_, {stride_, stride_},
                                  at::IntArrayRef({0, 0}), {1, 1}, weight_.size(0));
  return activate(y, activation).to(x.scalar_type()).permute({0, 2, 3, 1}).contiguous();
}

LayerNorm<at::Tensor>::LayerNorm(const Tensor& weight, const Tensor& bias, const TorchCompute& compute,
                                 double eps)
    : weight_(upload(weight, compute.device, DType::fp32)),
      bias_(upload(bias, compute.device, DType::fp32)),
      eps_(eps) {}

at::Tensor LayerNorm<at::Tensor>::operator()(const at::Tensor& x) const {
  require(x.dim() > 0 && x.size(-1) == weight_.size(0) && x.scalar_type() == at::kFloat,
          "layer normalisation", x);
  return at::layer_norm(x, weight_.sizes(), weight_, bias_, eps_);
}

TokenEmbedding<at::Tensor>::TokenEmbedding(const Tensor& table, const Tensor& positions,
                                           const TorchCompute& compute)
    : table_(upload_weights(table, compute)), positions_(upload(positions, compute.device, DType::fp32)) {}

at::Tensor TokenEmbedding<at::Tensor>::operator()(const at::Tensor& tokens,
                                                  const at::Tensor& positions) const {
  return table_.index_select(0, tokens).to(at::kFloat).add_(positions_.index_select(0, positions));
}

at::Tensor TokenEmbedding<at::Tensor>::operator()(std::span<const std::int32_t> tokens,
                                                  std::span<const std::int64_t> positions) const {
  const at::Tensor ids = at::empty({2, static_cast<std::int64_t>(tokens.size())}, at::kLong);
  std::copy(positions.begin(), positions.end(),
            std::copy(tokens.begin(), tokens.end(), ids.mutable_data_ptr<std::int64_t>()));
  const at::Tensor there = ids.to(table_.device());  // [2, R]
  return (*this)(there[0], there[1]);
}

at::Tensor TokenEmbedding<at::Tensor>::of_tokens(std::span<const std::int32_t> tokens) const {
  const at::Tensor ids = at::empty({static_cast<std::int64_t>(tokens.size())}, at::kLong);
  std::copy(tokens.begin(), tokens.end(), ids.mutable_data_ptr<std::int64_t>());
  return table_.index_select(0, ids.to(table_.device())).to(at::kFloat);
}

at::Tensor TokenEmbedding<at::Tensor>::of_prefixes(const at::Tensor& prefixes) const {
  return (prefixes + positions_.narrow(0, 0, prefixes.size(1))).view({-1, width()});
}

}  // namespace caption
