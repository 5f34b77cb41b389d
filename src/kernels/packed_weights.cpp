#include "kernels/packed_weights.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>

#include "caption/error.h"
#include "kernels/kernels.h"
#include "kernels/parallel.h"
#include "tensor/convert.h"

namespace caption {
namespace {

using kernels::kColumn;
using kernels::kPanel;

/// Integer sums over more inputs might not fit into 32 bits.
constexpr std::int64_t kMostInt8Inputs = 32768;

std::int64_t divide_up(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

std::int64_t inputs_per_word(DType type) {
  return type == DType::fp32 ? 1 : type == DType::bf16 ? 2 : 4;
}

/// Reads `count` neighbours of a row or column as floats; `stride` is in elements.
void read_floats(const Tensor& weight, std::int64_t offset, std::int64_t stride, std::int64_t count,
                 float* out) {
  switch (weight.dtype()) {
    case DType::fp32: {
      const float* from = weight.data() + offset;
      for (std::int64_t i = 0; i < count; ++i) out[i] = from[i * stride];
      return;
    }
    case DType::fp16: {
      const auto* from = weight.half_bits() + offset;
      if (stride == 1) return kernels::active().from_half(from, count, out);
      for (std::int64_t i = 0; i < count; ++i) kernels::active().from_half(from + i * stride, 1, out + i);
      return;
    }
    default: {  // bf16, as the constructor has checked
      const auto* from = weight.half_bits() + offset;
      for (std::int64_t i = 0; i < count; ++i) out[i] = from_bf16(from[i * stride]);
    }
  }
}

/// 64 outputs of `weight` from `first` on, of the inputs from k on: tile [inputs][64], zeros beyond the last
/// output
void read_tile(const Tensor& weight, std::int64_t first, std::int64_t k, std::int64_t inputs,
               float (*tile)[kPanel]) {
  const std::int64_t outputs = std::min(kPanel, weight.size(0) - first);
  const std::int64_t out_stride = weight.stride(0);
  const std::int64_t in_stride = weight.stride(1);
  if (out_stride == 1) {  // a transposed view: its columns lie as ours
    for (std::int64_t i = 0; i < inputs; ++i) {
      read_floats(weight, first + (k + i) * in_stride, 1, outputs, tile[i]);
    }
    return;
  }
  for (std::int64_t n = 0; n < outputs; ++n) {
    float row[kPanel];
    read_floats(weight, (first + n) * out_stride + k * in_stride, in_stride, inputs, row);
    for (std::int64_t i = 0; i < inputs; ++i) tile[i][n] = row[i];
  }
}

void require_packable(const Tensor& weight, DType type) {
  const DType from = weight.dtype();
  if ((type != DType::fp32 && type != DType::bf16 && type != DType::int8) ||
      (from != DType::fp32 && from != DType::fp16 && from != DType::bf16)) {
    throw Error(ErrorKind::internal, "cannot pack a matrix of " + std::string(name_of(from)) + " as " +
                                         std::string(name_of(type)));
  }
  if (type == DType::int8 && weight.size(1) > kMostInt8Inputs) {
    throw Error(ErrorKind::model, "a layer of " + std::to_string(weight.size(1)) +
                                      " inputs is too wide for int8, which takes " +
                                      std::to_string(kMostInt8Inputs) + "; use fp32 or bf16");
  }
}

/// Memory without contents.
PackedWeights allocate(std::int64_t out, std::int64_t in, DType type) {
  const PackedSizes sizes = packed_sizes(out, in, type);
  return {in,
          out,
          type,
          sizes.steps,
          sizes.panels,
          WeightMemory(sizes.words),
          WeightMemory(sizes.bias),
          WeightMemory(sizes.only_int8),
          WeightMemory(sizes.only_int8)};
}

void pack_bias(const Tensor& bias, PackedWeights& packed) {
  auto* padded = reinterpret_cast<float*>(packed.bias.mutable_data());
  std::fill(padded, padded + packed.panels * kPanel, 0.0F);
  if (bias.defined()) read_floats(bias, 0, bias.stride(0), packed.out, padded);
  if (packed.type == DType::bf16) {  // see bf16_bits: no sum may become a denormal
    std::replace_if(
        padded, padded + packed.out, [](float b) { return std::abs(b) < 0x1p-56F; }, 0.0F);
  }
}

void pack_panel(const Tensor& weight, std::int64_t panel, PackedWeights& packed) {
  const kernels::Kernels& kernel = kernels::active();
  auto* to = reinterpret_cast<std::uint32_t*>(packed.words.mutable_data()) + panel * packed.steps * kPanel;
  alignas(64) float tile[kPanel][kPanel] = {};  // [in][out]
  std::unique_ptr<float[]> whole;               // int8: [in][out], as its steps depend on all inputs
  if (packed.type == DType::int8)
    whole = std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>(packed.in * kPanel));
  for (std::int64_t k = 0; k < packed.in; k += kPanel) {
    const std::int64_t inputs = std::min(kPanel, packed.in - k);
    read_tile(weight, panel * kPanel, k, inputs, tile);
    if (packed.type == DType::bf16) {
      kernel.pack_bf16(tile[0], inputs, to + k / 2 * kColumn, packed.steps * kColumn);
    } else if (whole) {
      std::copy_n(tile[0], inputs * kPanel, whole.get() + k * kPanel);
    } else {
      for (std::int64_t i = 0; i < inputs; ++i) {
        for (std::int64_t n = 0; n < kPanel; n += kColumn) {
          std::memcpy(to + n * packed.steps + (k + i) * kColumn, tile[i] + n, kColumn * sizeof(float));
        }
      }
    }
  }
  if (packed.type == DType::int8) {
    kernel.pack_int8(whole.get(), packed.in, to,
                     reinterpret_cast<float*>(packed.scales.mutable_data()) + panel * kPanel,
                     reinterpret_cast<std::int32_t*>(packed.corrections.mutable_data()) + panel * kPanel);
  }
}

/// weight [out, in] -> the outputs of the panels from `begin` to `end`
Tensor panels_of(const Tensor& weight, std::size_t begin, std::size_t end) {
  const auto first = static_cast<std::int64_t>(begin) * kPanel;
  return weight.narrow(0, first, std::min(static_cast<std::int64_t>(end) * kPanel, weight.size(0)) - first);
}

}  // namespace

PackedSizes packed_sizes(std::int64_t out, std::int64_t in, DType type) {
  const std::int64_t steps = divide_up(in, inputs_per_word(type));
  const std::int64_t panels = divide_up(out, kPanel);
  const std::size_t words = static_cast<std::size_t>(panels * kPanel) * 4;  // one for each output
  return {steps, panels, words * static_cast<std::size_t>(steps), words, type == DType::int8 ? words : 0};
}

PackedWeights pack_weights(const Tensor& weight, const Tensor& bias, DType type) {
  require_packable(weight, type);
  PackedWeights packed = allocate(weight.size(0), weight.size(1), type);
  pack_bias(bias, packed);
  parallel_for(static_cast<std::size_t>(packed.panels), [&](std::size_t begin, std::size_t end) {
    for (std::size_t panel = begin; panel < end; ++panel)
      pack_panel(weight, static_cast<std::int64_t>(panel), packed);
    if (weight.stride(0) != 1) release_pages(panels_of(weight, begin, end));
  });
  release_pages(weight);
  return packed;
}

}  // namespace caption
