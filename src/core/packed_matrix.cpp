#include "core/packed_matrix.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include "caption/error.h"
#include "core/kernels.h"
#include "core/parallel.h"

namespace caption {
namespace {

using kernels::kPanel;
using kernels::kPanelRows;

/// Rows that a thread takes a panel through at once, and inputs per pass over them: the part of the panel
/// that a pass reads and the sums stay in the first-level cache.
constexpr std::int64_t kTileRows = 8 * kPanelRows;
constexpr std::int64_t kPassInputs = 128;
/// Multiply-adds below which waking other threads costs more than it saves.
constexpr std::int64_t kWorthSharing = 64 * 1024;

constexpr std::size_t kHugePage = std::size_t{2} << 20;

std::int64_t divide_up(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

/// Reads `count` neighbours of a row or column as floats; `stride` is in elements.
void read_floats(const at::Tensor& weight, std::int64_t offset, std::int64_t stride, std::int64_t count,
                 float* out) {
  switch (weight.scalar_type()) {
    case at::kFloat: {
      const float* from = weight.const_data_ptr<float>() + offset;
      for (std::int64_t i = 0; i < count; ++i) out[i] = from[i * stride];
      return;
    }
    case at::kHalf: {
      const auto* from = reinterpret_cast<const std::uint16_t*>(weight.const_data_ptr<at::Half>()) + offset;
      if (stride == 1) return kernels::active().from_half(from, count, out);
      for (std::int64_t i = 0; i < count; ++i) kernels::active().from_half(from + i * stride, 1, out + i);
      return;
    }
    default: {  // bf16, as the constructor has checked
      const auto* from =
          reinterpret_cast<const std::uint16_t*>(weight.const_data_ptr<at::BFloat16>()) + offset;
      for (std::int64_t i = 0; i < count; ++i) {
        const std::uint32_t bits = static_cast<std::uint32_t>(from[i * stride]) << 16;
        std::memcpy(out + i, &bits, sizeof bits);
      }
    }
  }
}

}  // namespace

WeightMemory::WeightMemory(std::size_t bytes) {
  const std::size_t alignment = bytes >= kHugePage ? kHugePage : 64;
  const std::size_t size = (bytes + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, std::max(size, alignment));
  if (memory == nullptr) throw std::bad_alloc();
  // Only advice: without huge pages everything works, slower.
  if (alignment == kHugePage) ::madvise(memory, size, MADV_HUGEPAGE);
  data_.reset(static_cast<std::byte*>(memory));
}

void WeightMemory::Free::operator()(std::byte* memory) const {
  std::free(memory);
}

PackedMatrix::PackedMatrix(const at::Tensor& weight, const at::Tensor& bias, at::ScalarType type)
    : in_(weight.size(1)),
      out_(weight.size(0)),
      panels_(divide_up(out_, kPanel)),
      bf16_(type == at::kBFloat16),
      weights_(static_cast<std::size_t>(panels_ * in_ * kPanel) * (bf16_ ? 2 : 4)),
      bias_(static_cast<std::size_t>(panels_ * kPanel) * sizeof(float)) {
  const at::ScalarType from = weight.scalar_type();
  if ((type != at::kFloat && type != at::kBFloat16) ||
      (from != at::kFloat && from != at::kHalf && from != at::kBFloat16)) {
    throw Error(ErrorKind::internal,
                std::string("cannot pack a matrix of ") + c10::toString(from) + " as " + c10::toString(type));
  }
  auto* padded_bias = reinterpret_cast<float*>(bias_.data());
  std::fill(padded_bias, padded_bias + panels_ * kPanel, 0.0F);
  if (bias.defined()) read_floats(bias, 0, bias.stride(0), out_, padded_bias);
  parallel_for(static_cast<std::size_t>(panels_), [&](std::size_t begin, std::size_t end) {
    for (std::size_t panel = begin; panel < end; ++panel)
      pack_panel(weight, static_cast<std::int64_t>(panel));
  });
}

void PackedMatrix::pack_panel(const at::Tensor& weight, std::int64_t panel) const {
  const std::int64_t first = panel * kPanel;
  const std::int64_t outputs = std::min(kPanel, out_ - first);
  const std::int64_t out_stride = weight.stride(0);
  const std::int64_t in_stride = weight.stride(1);
  alignas(64) float tile[kPanel][kPanel] = {};  // [in][out]
  for (std::int64_t k = 0; k < in_; k += kPanel) {
    const std::int64_t inputs = std::min(kPanel, in_ - k);
    if (out_stride == 1) {  // a transposed view: its columns lie as ours
      for (std::int64_t i = 0; i < inputs; ++i) {
        read_floats(weight, first + (k + i) * in_stride, 1, outputs, tile[i]);
      }
    } else {
      for (std::int64_t n = 0; n < outputs; ++n) {
        float row[kPanel];
        read_floats(weight, (first + n) * out_stride + k * in_stride, in_stride, inputs, row);
        for (std::int64_t i = 0; i < inputs; ++i) tile[i][n] = row[i];
      }
    }
    const std::int64_t offset = (panel * in_ + k) * kPanel;
    if (bf16_) {
      kernels::active().pack_bf16(tile[0], inputs,
                                  reinterpret_cast<std::uint16_t*>(weights_.data()) + offset);
    } else {
      std::memcpy(reinterpret_cast<float*>(weights_.data()) + offset, tile,
                  static_cast<std::size_t>(inputs * kPanel) * sizeof(float));
    }
  }
}

void PackedMatrix::multiply(const Rows& x, const Product& product) const {
  const std::int64_t tiles = divide_up(x.count, kTileRows);
  // Neighbouring tasks share a panel, so that it is read from memory once.
  const auto tasks = [&](std::size_t begin, std::size_t end) {
    for (auto task = static_cast<std::int64_t>(begin); task < static_cast<std::int64_t>(end); ++task) {
      const std::int64_t tile = task % tiles;
      const std::int64_t from = tile * x.count / tiles;
      const std::int64_t to = (tile + 1) * x.count / tiles;
      Product part = product;
      part.y += from * product.stride;
      multiply_tile(task / tiles, {x.data + from * x.stride, x.stride, to - from}, part);
    }
  };
  const auto count = static_cast<std::size_t>(panels_ * tiles);
  if (x.count * in_ * out_ < kWorthSharing) return tasks(0, count);
  parallel_for(count, tasks);
}

void PackedMatrix::multiply_tile(std::int64_t panel, const Rows& x, const Product& product) const {
  const kernels::Kernels& kernel = kernels::active();
  alignas(64) float sums[kTileRows * kPanel];
  alignas(64) float widened[kPassInputs * kPanel];
  const float* bias = reinterpret_cast<const float*>(bias_.data()) + panel * kPanel;
  for (std::int64_t r = 0; r < x.count; ++r) std::memcpy(sums + r * kPanel, bias, kPanel * sizeof(float));

  const std::int64_t blocks = divide_up(x.count, kPanelRows);
  const std::int64_t pass_inputs =
      blocks == 1 ? in_ : kPassInputs;  // a single block reads the panel once anyway
  for (std::int64_t k = 0; k < in_; k += pass_inputs) {
    const std::int64_t inputs = std::min(pass_inputs, in_ - k);
    const std::int64_t offset = (panel * in_ + k) * kPanel;
    const auto* fp32 = reinterpret_cast<const float*>(weights_.data()) + offset;
    const auto* bf16 = reinterpret_cast<const std::uint16_t*>(weights_.data()) + offset;
    if (bf16_ && blocks > 1) {
      kernel.widen(bf16, inputs, widened);
      fp32 = widened;
    }
    for (std::int64_t block = 0; block < blocks; ++block) {
      const std::int64_t from = block * x.count / blocks;
      const std::int64_t rows = (block + 1) * x.count / blocks - from;
      const float* values = x.data + from * x.stride + k;
      if (bf16_ && blocks == 1) {
        kernel.panel_bf16(bf16, inputs, values, x.stride, rows, sums + from * kPanel);
      } else {
        kernel.panel_fp32(fp32, inputs, values, x.stride, rows, sums + from * kPanel);
      }
    }
  }

  const std::int64_t first = panel * kPanel;
  const std::int64_t count = std::min(kPanel, out_ - first);
  for (std::int64_t r = 0; r < x.count; ++r) {
    float* y = product.y + r * product.stride + first;
    if (product.add) {
      kernel.add(sums + r * kPanel, count, y);
    } else {
      kernel.finish(sums + r * kPanel, product.activation, count, y);
    }
  }
}

}  // namespace caption
