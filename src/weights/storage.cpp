#include "weights/storage.h"

#include <array>
#include <cstring>
#include <utility>

namespace caption {
namespace {

struct DtypeName {
  std::string_view torch;
  std::string_view safetensors;
  at::ScalarType dtype;
};

constexpr std::array<DtypeName, 10> kDtypes = {{
    {"DoubleStorage", "F64", at::kDouble},
    {"FloatStorage", "F32", at::kFloat},
    {"HalfStorage", "F16", at::kHalf},
    {"BFloat16Storage", "BF16", at::kBFloat16},
    {"LongStorage", "I64", at::kLong},
    {"IntStorage", "I32", at::kInt},
    {"ShortStorage", "I16", at::kShort},
    {"CharStorage", "I8", at::kChar},
    {"ByteStorage", "U8", at::kByte},
    {"BoolStorage", "BOOL", at::kBool},
}};

constexpr std::size_t kMostDimensions = 16;

}  // namespace

std::optional<at::ScalarType> storage_dtype(std::string_view torch_name) {
  for (const DtypeName& entry : kDtypes) {
    if (entry.torch == torch_name) return entry.dtype;
  }
  return std::nullopt;
}

std::optional<at::ScalarType> safetensors_dtype(std::string_view name) {
  for (const DtypeName& entry : kDtypes) {
    if (entry.safetensors == name) return entry.dtype;
  }
  return std::nullopt;
}

std::optional<std::int64_t> element_count(const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) {
    if (size < 0 || __builtin_mul_overflow(count, size, &count)) return std::nullopt;
  }
  return count;
}

at::Tensor flat_tensor(const std::shared_ptr<const MappedFile>& file, std::span<const std::byte> bytes,
                       at::ScalarType dtype) {
  const std::size_t item = c10::elementSize(dtype);
  const auto count = static_cast<std::int64_t>(bytes.size() / item);
  if (count == 0) return at::empty({0}, dtype);
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % item != 0) {
    at::Tensor copy = at::empty({count}, dtype);
    std::memcpy(copy.mutable_data_ptr(), bytes.data(), bytes.size());
    return copy;
  }
  return file->tensor(bytes, dtype);
}

at::Tensor view_of(const MappedFile& file, const std::string& what, const at::Tensor& flat,
                   const View& view) {
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
