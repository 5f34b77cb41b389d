#include "tensor/convert.h"

#include <bit>
#include <cstring>
#include <string>

#include "caption/error.h"

namespace caption {
namespace {

template <typename Item, typename Convert>
void convert_all(const std::byte* from, std::int64_t count, float* to, const Convert& convert) {
  for (std::int64_t i = 0; i < count; ++i, from += sizeof(Item)) {
    Item item;
    std::memcpy(&item, from, sizeof item);
    to[i] = convert(item);
  }
}

}  // namespace

float from_fp16(std::uint16_t bits) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000U) << 16;
  const std::uint32_t exponent = static_cast<std::uint32_t>(bits) >> 10 & 31U;
  const std::uint32_t fraction = bits & 1023U;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000U | fraction << 13);
  if (exponent > 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
  const float small = static_cast<float>(fraction) * 0x1p-24F;
  return sign == 0 ? small : -small;
}

float from_bf16(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

void widen(const std::byte* from, DType type, std::int64_t count, float* to) {
  switch (type) {
    case DType::fp32:
      std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(float));
      return;
    case DType::fp16:
      return convert_all<std::uint16_t>(from, count, to, from_fp16);
    case DType::bf16:
      return convert_all<std::uint16_t>(from, count, to, from_bf16);
    case DType::fp64:
      return convert_all<double>(from, count, to, [](double value) { return static_cast<float>(value); });
    default:
      throw Error(ErrorKind::internal, "no fp32 values are in " + std::string(name_of(type)));
  }
}

}  // namespace caption
