#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kernels/activation.h"
#include "layers/compute.h"
#include "tensor/tensors.h"

namespace caption {

/// A layer's matrix that is computed from tensors of a file.
struct DerivedMatrix {
  std::string rule;              ///< names the computation
  std::vector<at::Tensor> from;  ///< all tensors that it depends on
  std::int64_t out = 0;
  std::int64_t in = 0;
  std::function<std::pair<at::Tensor, at::Tensor>()> make;  ///< -> weight [out, in], bias [out]
};

/// y = activation(x W^T + b), with the weights in the type of `Compute`.
/// On the CPU x and y are fp32, and each output row is the same, bit for bit, whatever other rows are in the
/// call and however many threads run. On other devices y has the weights' type, and x that type or fp32.
class Linear {
 public:
  /// weight [out, in] of any float dtype (it may be a transposed view), bias [out] or undefined.
  /// Neither is read if `compute` has the packed matrix already.
  Linear(const at::Tensor& weight, const at::Tensor& bias, const Compute& compute);
  /// Likewise, and the matrix is not computed then.
  Linear(const DerivedMatrix& matrix, const Compute& compute);

  /// x [..., in] -> [..., out]
  at::Tensor operator()(const at::Tensor& x, Activation activation = Activation::none) const;

  /// x [rows, in] -> [rows, out] in fp32, on every device, for a layer without bias whose results must not be
  /// rounded.
  at::Tensor in_fp32(const at::Tensor& x) const;

  /// sum [..., out] = activation(sum + x W^T + b) in place, for a residual stream; `sum` is contiguous and,
  /// on the CPU, fp32; x [..., in].
  void add_to(at::Tensor& sum, const at::Tensor& x, Activation activation = Activation::none) const;

  std::int64_t in() const { return in_; }
  std::int64_t out() const { return out_; }

 private:
  bool takes(const at::Tensor& x) const;

  std::int64_t in_;
  std::int64_t out_;
  struct Packed;
  std::shared_ptr<const Packed> packed_;
};

/// Takes `name`.weight [out, in] and `name`.bias [out].
Linear take_linear(Tensors& tensors, const std::string& name, std::int64_t out, std::int64_t in,
                   const Compute& compute);
/// Takes `name`.weight [out, in]; there is no bias.
Linear take_linear_without_bias(Tensors& tensors, const std::string& name, std::int64_t out, std::int64_t in,
                                const Compute& compute);

/// Layer normalisation over the last dimension in fp32, eps 1e-5. Rows do not influence each other's bits.
class LayerNorm {
 public:
  /// weight [width], bias [width]
  LayerNorm(const at::Tensor& weight, const at::Tensor& bias, const Compute& compute);

  /// x [..., width] -> [..., width]
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  at::Tensor weight_;
  at::Tensor bias_;
};

/// Takes `name`.weight [width] and `name`.bias [width].
LayerNorm take_layer_norm(Tensors& tensors, const std::string& name, std::int64_t width,
                          const Compute& compute);

/// Takes a parameter that is used as it is, in fp32 on the device.
at::Tensor take_parameter(Tensors& tensors, const std::string& name, const Shape& shape,
                          const Compute& compute);

/// Multi-head attention of q [B, Tq, width] over k, v [B, Tk, width], scale dim_head^-0.5 -> [B, Tq, width].
/// `causal` needs Tq == Tk. All of one type, fp32 on the CPU; softmax in fp32; q, k and v may be slices of
/// one packed projection, of any strides. On the CPU an image's result does not depend on the batch, the
/// threads or the instruction set.
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads,
                     bool causal);

}  // namespace caption
