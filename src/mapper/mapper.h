#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "layers/layers.h"
#include "mapper/sizes.h"

namespace caption {

/// ClipCap's mapper from CLIP's embedding to GPT-2's prefix.
template <typename T>
class Mapper {
 public:
  virtual ~Mapper() = default;
  /// "mlp", "transformer" or "linear"
  virtual std::string_view kind() const = 0;
  virtual std::int64_t embedding() const = 0;      ///< D
  virtual std::int64_t prefix_length() const = 0;  ///< P
  /// embedding [B, D] fp32 -> prefix [B, P, E] fp32
  virtual T map(const T& embedding) const = 0;
};

/// Builds the mapper whose tensors these are (names without "clip_project."). `width` is GPT-2's E, which the
/// MLP's shapes alone do not tell, `heads` are a transformer's. Throws Error(model). Defined in
/// mapper/make_mapper.h; here for Tensor, in libtorch/layers for at::Tensor.
template <typename T>
std::unique_ptr<Mapper<T>> make_mapper(Tensors tensors, std::int64_t width, const Compute<T>& compute,
                                       std::int64_t heads = kMapperHeads);

}  // namespace caption
