#include "weights/storage.h"

#include <array>
#include <utility>

#include "caption/error.h"

namespace caption {
namespace {

struct DtypeName {
  std::string_view torch;
  std::string_view safetensors;
  DType dtype;
};

constexpr std::array<DtypeName, 10> kDtypes = {{
    {"DoubleStorage", "F64", DType::fp64},
    {"FloatStorage", "F32", DType::fp32},
    {"HalfStorage", "F16", DType::fp16},
    {"BFloat16Storage", "BF16", DType::bf16},
    {"LongStorage", "I64", DType::int64},
    {"IntStorage", "I32", DType::int32},
    {"ShortStorage", "I16", DType::int16},
    {"CharStorage", "I8", DType::int8},
    {"ByteStorage", "U8", DType::uint8},
    {"BoolStorage", "BOOL", DType::boolean},
}};

constexpr std::size_t kMostDimensions = 16;

}  // namespace

std::optional<DType> storage_dtype(std::string_view torch_name) {
  for (const DtypeName& entry : kDtypes) {
    if (entry.torch == torch_name) return entry.dtype;
  }
  return std::nullopt;
}

std::optional<DType> safetensors_dtype(std::string_view name) {
  for (const DtypeName& entry : kDtypes) {
    if (entry.safetensors == name) return entry.dtype;
  }
  return std::nullopt;
}

std::string_view safetensors_name(DType dtype) {
  for (const DtypeName& entry : kDtypes) {
    if (entry.dtype == dtype) return entry.safetensors;
  }
  throw Error(ErrorKind::internal, "a type without a name in safetensors");
}

std::optional<std::int64_t> element_count(const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) {
    if (size < 0 || __builtin_mul_overflow(count, size, &count)) return std::nullopt;
  }
  return count;
}

Tensor flat_tensor(const std::shared_ptr<const MappedFile>& file, std::span<const std::byte> bytes,
                   DType dtype) {
  const std::size_t item = item_size(dtype);
  const bool aligned = reinterpret_cast<std::uintptr_t>(bytes.data()) % item == 0;
  return bytes.empty() || !aligned ? Tensor::copy_of(bytes, dtype) : Tensor::of_file(file, bytes, dtype);
}

Tensor view_of(const MappedFile& file, const std::string& what, const Tensor& flat, const View& view) {
  const auto refuse = [&](const std::string& detail) {
    file.fail(what + ": " + detail + " (shape " + to_string(view.shape) + ", strides " +
              to_string(view.strides) + ", offset " + std::to_string(view.offset) + ", storage of " +
              std::to_string(flat.numel()) + " elements)");
  };
  if (view.shape.size() != view.strides.size()) refuse("as many strides as dimensions expected");
  if (view.shape.size() > kMostDimensions) {
    refuse("at most " + std::to_string(kMostDimensions) + " dimensions expected");
  }
  const std::optional<std::int64_t> count = element_count(view.shape);
  if (!count || *count > flat.numel()) refuse("more elements than its storage has, or a negative size");
  if (view.offset < 0) refuse("a negative offset");
  std::int64_t last = view.offset;
  for (std::size_t i = 0; i < view.shape.size(); ++i) {
    std::int64_t span = 0;
    if (view.strides[i] < 0) refuse("a negative stride");
    if (*count != 0 && (__builtin_mul_overflow(view.shape[i] - 1, view.strides[i], &span) ||
                        __builtin_add_overflow(last, span, &last))) {
      refuse("beyond the end of its storage");
    }
  }
  if (*count != 0 ? last >= flat.numel() : last > flat.numel()) refuse("beyond the end of its storage");
  return flat.as_strided(view.shape, view.strides, view.offset);
}

}  // namespace caption
