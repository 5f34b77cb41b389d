#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "files/mapped_file.h"
#include "tensor/tensors.h"

namespace caption {

/// "FloatStorage" -> float32, ...; nothing for a type that weights do not have.
std::optional<DType> storage_dtype(std::string_view torch_name);
/// "F32" -> float32, ...
std::optional<DType> safetensors_dtype(std::string_view name);
/// float32 -> "F32", ...
std::string_view safetensors_name(DType dtype);
/// Number of elements; nothing if negative or too many for 64 bits.
std::optional<std::int64_t> element_count(const Shape& shape);

/// The bytes of a file as a flat tensor [bytes / item size]: over the mapping, which it keeps alive, if the
/// bytes are aligned for the type; else a copy. The caller has checked that bytes.size() is a multiple of the
/// item size.
Tensor flat_tensor(const std::shared_ptr<const MappedFile>& file, std::span<const std::byte> bytes,
                   DType dtype);

/// Where a tensor lies in its storage, in elements.
struct View {
  std::int64_t offset = 0;
  Shape shape;
  Shape strides;
};

/// A view of `flat` [numel]. Error(model) naming `what` if anything of it lies outside, if the offset or a
/// stride is negative, or if the view has more elements than the storage.
Tensor view_of(const MappedFile& file, const std::string& what, const Tensor& flat, const View& view);

}  // namespace caption
