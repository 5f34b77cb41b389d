#include "core/packed_matrix.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>

#include "caption/error.h"
#include "core/kernels.h"
#include "core/parallel.h"
#include "core/work.h"

namespace caption {
namespace {

using kernels::kPanel;
using kernels::kPanelRows;

/// Rows that a thread takes a panel through at once, and steps per pass over them: the part of the panel
/// that a pass reads and the sums stay in the first-level cache.
constexpr std::int64_t kTileRows = 8 * kPanelRows;
constexpr std::int64_t kPassSteps = 128;
/// Multiply-adds below which waking other threads costs more than it saves.
constexpr std::int64_t kWorthSharing = 64 * 1024;
/// Activations likewise, which are rounded.
constexpr std::int64_t kWorthSharingRounding = 32 * 1024;
/// Integer sums over more inputs might not fit into 32 bits.
constexpr std::int64_t kMostInt8Inputs = 32768;

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

/// 64 outputs of `weight` from `first` on, of the inputs from k on: tile [inputs][64], zeros beyond the last
/// output
void read_tile(const at::Tensor& weight, std::int64_t first, std::int64_t k, std::int64_t inputs,
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

/// Rows of words, as a panel kernel takes them.
template <typename Word>
struct WordRows {
  const Word* data;
  std::int64_t stride;
  std::int64_t count;
  std::int64_t words = 1;  ///< of one step
};

/// sums [rows][64] += x [rows][steps] * panel [steps][64], pass by pass, so that the panel's part stays near.
template <typename Kernel, typename Word, typename Sum>
void multiply_panel(const Kernel& kernel, const Word* panel, std::int64_t steps, const WordRows<Word>& x,
                    Sum* sums) {
  const std::int64_t blocks = divide_up(x.count, kPanelRows);
  const std::int64_t most = blocks == 1 ? steps : kPassSteps;  // one block reads the panel once anyway
  for (std::int64_t i = 0; i < steps; i += most) {
    for (std::int64_t block = 0; block < blocks; ++block) {
      const std::int64_t from = block * x.count / blocks;
      const std::int64_t rows = (block + 1) * x.count / blocks - from;
      kernel(panel + i * kPanel, std::min(most, steps - i), x.data + from * x.stride + i * x.words, x.stride,
             rows, sums + from * kPanel);
    }
  }
}

std::int64_t inputs_per_word(at::ScalarType type) {
  return type == at::kFloat ? 1 : type == at::kBFloat16 ? 2 : 4;
}

Arithmetic arithmetic_of(at::ScalarType type) {
  return type == at::kFloat ? Arithmetic::fp32 : type == at::kBFloat16 ? Arithmetic::bf16 : Arithmetic::int8;
}

/// Calls body(row) for all of them, on several threads if that is worth while.
template <typename Body>
void for_rows(std::int64_t rows, std::int64_t width, const Body& body) {
  const auto range = [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) body(static_cast<std::int64_t>(row));
  };
  const auto count = static_cast<std::size_t>(rows);
  if (rows * width < kWorthSharingRounding) return range(0, count);
  parallel_for(count, range);
}

}  // namespace

PackedMatrix::PackedMatrix(const at::Tensor& weight, const at::Tensor& bias, at::ScalarType type,
                           Activations activations)
    : in_(weight.size(1)),
      out_(weight.size(0)),
      type_(type),
      digits_(activations == Activations::bits16 ? 2 : 1),
      steps_(divide_up(in_, inputs_per_word(type))),
      panels_(divide_up(out_, kPanel)),
      words_(static_cast<std::size_t>(panels_ * steps_ * kPanel) * 4),
      bias_(static_cast<std::size_t>(panels_ * kPanel) * 4),
      scales_(type == at::kChar ? static_cast<std::size_t>(panels_ * kPanel) * 4 : 0),
      corrections_(type == at::kChar ? static_cast<std::size_t>(panels_ * kPanel) * 4 : 0) {
  const at::ScalarType from = weight.scalar_type();
  if ((type != at::kFloat && type != at::kBFloat16 && type != at::kChar) ||
      (from != at::kFloat && from != at::kHalf && from != at::kBFloat16)) {
    throw Error(ErrorKind::internal,
                std::string("cannot pack a matrix of ") + c10::toString(from) + " as " + c10::toString(type));
  }
  if (type == at::kChar && in_ > kMostInt8Inputs) {
    throw Error(ErrorKind::model, "a layer of " + std::to_string(in_) +
                                      " inputs is too wide for int8, which takes " +
                                      std::to_string(kMostInt8Inputs) + "; use fp32 or bf16");
  }
  auto* padded_bias = reinterpret_cast<float*>(bias_.data());
  std::fill(padded_bias, padded_bias + panels_ * kPanel, 0.0F);
  if (bias.defined()) read_floats(bias, 0, bias.stride(0), out_, padded_bias);
  if (type == at::kBFloat16) {  // see bf16_bits: no sum may become a denormal
    std::replace_if(
        padded_bias, padded_bias + out_, [](float b) { return std::abs(b) < 0x1p-56F; }, 0.0F);
  }
  parallel_for(static_cast<std::size_t>(panels_), [&](std::size_t begin, std::size_t end) {
    for (std::size_t panel = begin; panel < end; ++panel)
      pack_panel(weight, static_cast<std::int64_t>(panel));
  });
}

std::uint32_t* PackedMatrix::words(std::int64_t panel) const {
  return reinterpret_cast<std::uint32_t*>(words_.data()) + panel * steps_ * kPanel;
}

void PackedMatrix::pack_panel(const at::Tensor& weight, std::int64_t panel) const {
  const kernels::Kernels& kernel = kernels::active();
  std::uint32_t* to = words(panel);
  alignas(64) float tile[kPanel][kPanel] = {};  // [in][out]
  std::unique_ptr<float[]> whole;               // int8: [in][out], as its steps depend on all inputs
  if (type_ == at::kChar)
    whole = std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>(in_ * kPanel));
  for (std::int64_t k = 0; k < in_; k += kPanel) {
    const std::int64_t inputs = std::min(kPanel, in_ - k);
    read_tile(weight, panel * kPanel, k, inputs, tile);
    if (type_ == at::kBFloat16) {
      kernel.pack_bf16(tile[0], inputs, to + k / 2 * kPanel);
    } else {
      void* there = whole ? static_cast<void*>(whole.get() + k * kPanel) : to + k * kPanel;
      std::memcpy(there, tile, static_cast<std::size_t>(inputs * kPanel) * sizeof(float));
    }
  }
  if (type_ == at::kChar) {
    kernel.pack_int8(whole.get(), in_, to, reinterpret_cast<float*>(scales_.data()) + panel * kPanel,
                     reinterpret_cast<std::int32_t*>(corrections_.data()) + panel * kPanel);
  }
}

/// Rows of integers: of each, one or two rows [stride] of words with four bytes, and its step.
struct PackedMatrix::Quantized {
  std::unique_ptr<std::uint32_t[]> words;
  std::int64_t stride;
  std::unique_ptr<float[]> steps;
};

PackedMatrix::Quantized PackedMatrix::quantize(const Rows& x) const {
  const std::int64_t stride = divide_up(in_, 16) * 4;
  Quantized result{
      std::make_unique_for_overwrite<std::uint32_t[]>(static_cast<std::size_t>(x.count * digits_ * stride)),
      stride, std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>(x.count))};
  for_rows(x.count, in_, [&](std::int64_t r) {
    auto* high =
        reinterpret_cast<std::uint8_t*>(&result.words[static_cast<std::size_t>(r * digits_ * stride)]);
    result.steps[static_cast<std::size_t>(r)] = kernels::active().quantize(
        x.data + r * x.stride, in_, high, digits_ == 2 ? high + 4 * stride : nullptr);
  });
  return result;
}

/// -> [rows][steps_][words]
std::unique_ptr<std::uint32_t[]> PackedMatrix::round_bf16(const Rows& x) const {
  const std::int64_t stride = steps_ * kernels::active().bf16_input_words;
  auto words = std::make_unique_for_overwrite<std::uint32_t[]>(static_cast<std::size_t>(x.count * stride));
  for_rows(x.count, in_, [&](std::int64_t r) {
    kernels::active().round_bf16(x.data + r * x.stride, in_, &words[static_cast<std::size_t>(r * stride)]);
  });
  return words;
}

/// Calls sum(panel, from, rows, sums [rows][64]) for every panel and at most `most` rows at a time, on all
/// threads, and finishes what it leaves in `sums`.
template <typename Sum>
void PackedMatrix::by_tiles(std::int64_t rows, std::int64_t most, const Product& product,
                            const Sum& sum) const {
  const kernels::Kernels& kernel = kernels::active();
  const std::int64_t tiles = divide_up(rows, most);
  // Neighbouring tasks share a panel, so that it is read from memory once.
  const auto tasks = [&](std::size_t begin, std::size_t end) {
    alignas(64) float sums[kTileRows * kPanel];
    for (auto task = static_cast<std::int64_t>(begin); task < static_cast<std::int64_t>(end); ++task) {
      const std::int64_t panel = task / tiles;
      const std::int64_t from = task % tiles * rows / tiles;
      const std::int64_t to = (task % tiles + 1) * rows / tiles;
      sum(panel, from, to - from, sums);
      const std::int64_t count = std::min(kPanel, out_ - panel * kPanel);
      for (std::int64_t r = from; r < to; ++r) {
        float* y = product.y + r * product.stride + panel * kPanel;
        if (product.add) {
          kernel.add(sums + (r - from) * kPanel, count, y);
        } else {
          kernel.finish(sums + (r - from) * kPanel, product.activation, count, y);
        }
      }
    }
  };
  const auto count = static_cast<std::size_t>(panels_ * tiles);
  if (rows * in_ * out_ < kWorthSharing) return tasks(0, count);
  parallel_for(count, tasks);
}

void PackedMatrix::multiply(const Rows& x, const Product& product) const {
  const kernels::Kernels& kernel = kernels::active();
  const std::int64_t words_of_output = steps_ + (type_ == at::kChar ? 3 : 1);
  count_work(arithmetic_of(type_), 2 * x.count * in_ * out_, 4 * panels_ * kPanel * words_of_output);
  if (type_ == at::kChar) return multiply_int8(x, product);
  if (type_ == at::kFloat) {
    return multiply_floats(kernel.panel_fp32, WordRows<float>{x.data, x.stride, x.count}, product);
  }
  const auto rounded = round_bf16(x);
  const std::int64_t words = kernel.bf16_input_words;
  multiply_floats(kernel.panel_bf16, WordRows<std::uint32_t>{rounded.get(), steps_ * words, x.count, words},
                  product);
}

template <typename Kernel, typename Words>
void PackedMatrix::multiply_floats(const Kernel& kernel, const Words& x, const Product& product) const {
  const auto* bias = reinterpret_cast<const float*>(bias_.data());
  by_tiles(x.count, kTileRows, product,
           [&](std::int64_t panel, std::int64_t from, std::int64_t rows, float* sums) {
             for (std::int64_t r = 0; r < rows; ++r)
               std::copy_n(bias + panel * kPanel, kPanel, sums + r * kPanel);
             multiply_panel(kernel, reinterpret_cast<decltype(x.data)>(words(panel)), steps_,
                            Words{x.data + from * x.stride, x.stride, rows, x.words}, sums);
           });
}

void PackedMatrix::multiply_int8(const Rows& x, const Product& product) const {
  const kernels::Kernels& kernel = kernels::active();
  const Quantized q = quantize(x);
  const auto* bias = reinterpret_cast<const float*>(bias_.data());
  const auto* scales = reinterpret_cast<const float*>(scales_.data());
  const auto* corrections = reinterpret_cast<const std::int32_t*>(corrections_.data());
  const auto sum = [&](std::int64_t panel, std::int64_t from, std::int64_t rows, float* sums) {
    alignas(64) std::int32_t integers[kTileRows * kPanel];  // [rows][digits][64]
    std::fill_n(integers, rows * digits_ * kPanel, 0);
    for (std::int64_t r = 0; r < rows; ++r) {
      std::copy_n(corrections + panel * kPanel, kPanel, integers + r * digits_ * kPanel);
    }
    multiply_panel(
        kernel.panel_int8, words(panel), steps_,
        WordRows<std::uint32_t>{q.words.get() + from * digits_ * q.stride, q.stride, rows * digits_},
        integers);
    for (std::int64_t r = 0; r < rows; ++r) {
      const std::int32_t* high = integers + r * digits_ * kPanel;
      kernel.scale_sums(high, digits_ == 2 ? high + kPanel : nullptr,
                        q.steps[static_cast<std::size_t>(from + r)], scales + panel * kPanel,
                        bias + panel * kPanel, sums + r * kPanel);
    }
  };
  by_tiles(x.count, kTileRows / digits_, product, sum);
}

}  // namespace caption
