#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <string_view>

#include "layers/compute.h"
#include "tensor/tensors.h"

namespace caption {

/// ClipCap's mapper from CLIP's embedding to GPT-2's prefix.
class Mapper {
 public:
  virtual ~Mapper() = default;
  /// "mlp", "transformer" or "linear"
  virtual std::string_view kind() const = 0;
  virtual std::int64_t embedding() const = 0;      ///< D
  virtual std::int64_t prefix_length() const = 0;  ///< P
  /// embedding [B, D] fp32 -> prefix [B, P, E] fp32
  virtual at::Tensor map(const at::Tensor& embedding) const = 0;
};

/// Builds the mapper whose tensors these are (names without "clip_project."). `width` is GPT-2's E, which the
/// MLP's shapes alone do not tell. Throws Error(model).
std::unique_ptr<Mapper> make_mapper(Tensors tensors, std::int64_t width, const Compute& compute);

}  // namespace caption
