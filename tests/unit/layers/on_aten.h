#pragma once

#include "aten.h"
#include "layers/cpu.h"

// The CPU's layers, called with LibTorch's tensors, which tests calculate with.

namespace caption {

class CpuLinear {
 public:
  CpuLinear(const at::Tensor& weight, const at::Tensor& bias, const CpuCompute& compute)
      : linear_(from_aten(weight), from_aten(bias), compute) {}

  at::Tensor operator()(const at::Tensor& x, Activation activation = Activation::none) const {
    return to_aten(linear_(from_aten(x), activation));
  }
  void add_to(at::Tensor& sum, const at::Tensor& x, Activation activation = Activation::none) const {
    Tensor ours = from_aten(sum);
    linear_.add_to(ours, from_aten(x), activation);
    sum = to_aten(ours);
  }
  std::int64_t in() const { return linear_.in(); }
  std::int64_t out() const { return linear_.out(); }

 private:
  Linear<Tensor> linear_;
};

class CpuLayerNorm {
 public:
  CpuLayerNorm(const at::Tensor& weight, const at::Tensor& bias, double eps = kUsualEps)
      : norm_(from_aten(weight), from_aten(bias), {}, eps) {}

  at::Tensor operator()(const at::Tensor& x) const { return to_aten(norm_(from_aten(x))); }

 private:
  LayerNorm<Tensor> norm_;
};

inline at::Tensor cpu_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                std::int64_t heads, bool causal) {
  return to_aten(Ops<Tensor>::attention(from_aten(q), from_aten(k), from_aten(v), heads, causal));
}

}  // namespace caption
