#include "libtorch/layers/convert.h"
#include "libtorch/layers/layers.h"

namespace caption {

at::Tensor Ops<at::Tensor>::parameter(const Tensor& weight, const TorchCompute& compute) {
  return upload(weight, compute.device, DType::fp32);
}

at::Tensor Ops<at::Tensor>::attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                      std::int64_t heads, bool causal) {
  const auto split = [&](const at::Tensor& t) {  // [B, T, width] -> [B, heads, T, d]
    return t.reshape({t.size(0), t.size(1), heads, t.size(2) / heads}).transpose(1, 2);
  };
  const at::Tensor y = at::scaled_dot_product_attention(split(q), split(k), split(v), {}, 0.0, causal);
  return y.transpose(1, 2).reshape(q.sizes());  // [B, heads, Tq, d] -> [B, Tq, width]
}

at::Tensor Ops<at::Tensor>::concatenate(std::span<const at::Tensor> parts, std::int64_t dim) {
  return at::cat(at::TensorList(parts.data(), parts.size()), dim);
}

at::Tensor Ops<at::Tensor>::normalised(const at::Tensor& x) {
  return x / x.norm(2, -1, /*keepdim=*/true);
}

at::Tensor Ops<at::Tensor>::patches(const at::Tensor& pixels, std::int64_t side) {
  const std::int64_t b = pixels.size(0);
  const std::int64_t g = pixels.size(2) / side;
  return pixels.reshape({b, 3, g, side, g, side})
      .permute({0, 2, 4, 1, 3, 5})
      .reshape({b, g * g, 3 * side * side});
}

at::Tensor Ops<at::Tensor>::neighbourhoods(const at::Tensor& x, std::int64_t stride, std::int64_t before) {
  // [B, before + H + 1, before + W + 1, C]
  const at::Tensor padded = at::constant_pad_nd(x, {0, 0, before, 1, before, 1}, 0).contiguous();
  const std::int64_t b = x.size(0);
  const std::int64_t c = x.size(3);
  const std::int64_t height = (x.size(1) - 1) / stride + 1;
  const std::int64_t width = (x.size(2) - 1) / stride + 1;
  const std::int64_t row = padded.stride(1);
  // Three neighbours in a row lie side by side, so a neighbourhood is three runs of 3 * C.
  return padded.as_strided({b, height, width, 3, 3 * c}, {padded.stride(0), stride * row, stride * c, row, 1})
      .reshape({b, height, width, 9 * c});
}

at::Tensor Ops<at::Tensor>::average_pool(const at::Tensor& x, std::int64_t side) {
  return at::avg_pool2d(x.permute({0, 3, 1, 2}), {side, side}).permute({0, 2, 3, 1}).contiguous();
}

at::Tensor Ops<at::Tensor>::with_positions(const at::Tensor& first, const at::Tensor& rest,
                                           const at::Tensor& positions) {
  return at::cat({first.expand({rest.size(0), 1, rest.size(2)}), rest}, 1) + positions;
}

at::Tensor Ops<at::Tensor>::class_mix(const at::Tensor& whole, const at::Tensor& cells, const ClassMix& mix) {
  const at::Tensor of_cells = cells.to(at::kFloat).softmax(-1).mean(1);
  const at::Tensor of_whole = whole.to(at::kFloat).softmax(-1);
  const at::Tensor roots = (of_whole * mix.whole_share + of_cells * (1 - mix.whole_share)).sqrt();
  const at::Tensor kept = roots.where(roots > mix.least_root, at::Scalar(0));
  return kept / kept.norm(2, -1, /*keepdim=*/true).clamp_min(mix.least_root);  // no zeros below the line
}

}  // namespace caption
