#include "layers/cpu.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "caption/error.h"
#include "kernels/kernels.h"
#include "kernels/parallel.h"
#include "tensor/convert.h"

namespace caption {
namespace {

/// Floats below which normalising on one thread is quicker than waking another.
constexpr std::int64_t kWorthSharing = 32 * 1024;

void require(bool condition, const char* what, const Tensor& x) {
  if (condition) return;
  throw Error(ErrorKind::internal, std::string(what) + ": unexpected " + std::string(name_of(x.dtype())) +
                                       " " + to_string(x.sizes()));
}

PackedWeights packed_or_kept(const DerivedMatrix& matrix, const CpuCompute& compute) {
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

Linear<Tensor>::Linear(const Tensor& weight, const Tensor& bias, const CpuCompute& compute)
    : Linear(
          DerivedMatrix{
              "", {weight, bias}, weight.size(0), weight.size(1), [&] { return std::pair(weight, bias); }},
          compute) {}

Linear<Tensor>::Linear(const DerivedMatrix& matrix, const CpuCompute& compute)
    : matrix_(std::make_shared<const PackedMatrix>(packed_or_kept(matrix, compute), compute.activations)) {}

/// x [..., in], contiguous -> its rows
InputRows Linear<Tensor>::rows_of(const Tensor& x) const {
  require(x.dim() > 0 && x.size(-1) == in() && x.dtype() == DType::fp32, "linear layer", x);
  return {x.data(), in(), x.numel() / in()};
}

Tensor Linear<Tensor>::operator()(const Tensor& x, Activation activation) const {
  const Tensor from = x.contiguous();
  const InputRows rows = rows_of(from);
  Shape shape = x.sizes();
  shape.back() = out();
  Tensor y = Tensor::empty(std::move(shape));
  matrix_->multiply(rows, {y.mutable_data(), out(), activation});
  return y;
}

void Linear<Tensor>::add_to(Tensor& sum, const Tensor& x, Activation activation) const {
  const Tensor from = x.contiguous();
  const InputRows rows = rows_of(from);
  require(sum.dim() > 0 && sum.size(-1) == out() && sum.numel() / out() == rows.count && sum.is_contiguous(),
          "sum of a linear layer", sum);
  matrix_->multiply(rows, {sum.mutable_data(), out(), activation, true});
}

LayerNorm<Tensor>::LayerNorm(const Tensor& weight, const Tensor& bias, const CpuCompute& /*compute*/,
                             double eps)
    : weight_(weight.to_fp32()), bias_(bias.to_fp32()), eps_(static_cast<float>(eps)) {}

Tensor LayerNorm<Tensor>::operator()(const Tensor& x) const {
  const std::int64_t width = weight_.size(0);
  require(x.dim() > 0 && x.size(-1) == width && x.dtype() == DType::fp32, "layer normalisation", x);
  const Tensor from = x.contiguous();
  Tensor y = Tensor::empty(x.sizes());
  float* const to = y.mutable_data();
  const auto normalise = [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) {
      const auto offset = static_cast<std::int64_t>(r) * width;
      kernels::active().layer_norm(from.data() + offset, weight_.data(), bias_.data(), width, eps_,
                                   to + offset);
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

TokenEmbedding<Tensor>::TokenEmbedding(const Tensor& table, const Tensor& positions,
                                       const CpuCompute& /*compute*/)
    : table_(table), positions_(positions.to_fp32()) {}

Tensor TokenEmbedding<Tensor>::operator()(std::span<const std::int32_t> tokens,
                                          std::span<const std::int64_t> positions) const {
  const std::int64_t width = this->width();
  Tensor y = of_tokens(tokens);
  float* to = y.mutable_data();
  for (std::size_t r = 0; r < tokens.size(); ++r, to += width) {
    const float* position = positions_.data() + positions[r] * width;
    for (std::int64_t i = 0; i < width; ++i) to[i] += position[i];
  }
  return y;
}

Tensor TokenEmbedding<Tensor>::of_tokens(std::span<const std::int32_t> tokens) const {
  const std::int64_t width = this->width();
  Tensor y = Tensor::empty({static_cast<std::int64_t>(tokens.size()), width});
  float* to = y.mutable_data();
  for (const std::int32_t token : tokens) {
    const Tensor row = table_.select(0, token).contiguous();
    widen(row.bytes(), row.dtype(), width, to);
    to += width;
  }
  return y;
}

Tensor TokenEmbedding<Tensor>::of_prefixes(const Tensor& prefixes) const {
  const Tensor from = prefixes.contiguous();
  const std::int64_t each = from.size(1) * from.size(2);  // P * E
  Tensor y = Tensor::empty({from.size(0) * from.size(1), from.size(2)});
  float* const to = y.mutable_data();
  for (std::int64_t i = 0; i < from.numel(); ++i) to[i] = from.data()[i] + positions_.data()[i % each];
  return y;
}

Tensor Ops<Tensor>::parameter(const Tensor& weight, const CpuCompute& /*compute*/) {
  return weight.to_fp32();
}

Tensor Ops<Tensor>::concatenate(std::span<const Tensor> parts, std::int64_t dim) {
  return caption::concatenate(parts, dim);
}

Tensor Ops<Tensor>::normalised(const Tensor& x) {
  const Tensor from = x.contiguous();
  const std::int64_t width = from.size(1);
  Tensor y = Tensor::empty(from.sizes());
  float* to = y.mutable_data();
  for (std::int64_t r = 0; r < from.size(0); ++r) {
    const float* row = from.data() + r * width;
    double squares = 0;
    for (std::int64_t i = 0; i < width; ++i)
      squares += static_cast<double>(row[i]) * static_cast<double>(row[i]);
    const auto length = static_cast<float>(std::sqrt(squares));
    to = std::transform(row, row + width, to, [&](float value) { return value / length; });
  }
  return y;
}

Tensor Ops<Tensor>::class_mix(const Tensor& whole, const Tensor& cells, const ClassMix& mix) {
  const Tensor of_whole = whole.contiguous();
  const Tensor of_cells = cells.contiguous();
  const std::int64_t classes = whole.size(1);
  const std::int64_t count = cells.size(1);
  const float cell_share = (1 - mix.whole_share) / static_cast<float>(count);
  const std::int64_t padded = (classes + 15) / 16 * 16;
  std::vector<float> shares(static_cast<std::size_t>(padded));
  Tensor y = Tensor::empty({whole.size(0), classes});
  for (std::int64_t image = 0; image < whole.size(0); ++image) {
    float* const to = y.mutable_data() + image * classes;
    std::fill_n(to, classes, 0.0F);
    const auto add = [&](const float* logits, float share) {
      std::copy_n(logits, classes, shares.begin());
      kernels::active().softmax(shares.data(), classes, padded, 1.0F);
      for (std::int64_t i = 0; i < classes; ++i)
        to[i] = std::fma(share, shares[static_cast<std::size_t>(i)], to[i]);
    };
    add(of_whole.data() + image * classes, mix.whole_share);
    for (std::int64_t m = 0; m < count; ++m) add(of_cells.data() + (image * count + m) * classes, cell_share);
    double squares = 0;
    for (std::int64_t i = 0; i < classes; ++i) {
      const float root = std::sqrt(to[i]);
      to[i] = root > mix.least_root ? root : 0.0F;
      squares += static_cast<double>(to[i]) * static_cast<double>(to[i]);
    }
    if (squares == 0) continue;
    const auto length = static_cast<float>(std::sqrt(squares));
    std::transform(to, to + classes, to, [&](float value) { return value / length; });
  }
  return y;
}

}  // namespace caption
