#include "kernels/packed_matrix.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "kernels/kernels.h"
#include "kernels/parallel.h"
#include "kernels/work.h"

namespace caption {
namespace {

using kernels::kColumn;
using kernels::kMostTileRows;
using kernels::kPanel;
using kernels::PanelProduct;

/// Of rows that are taken through all panels together: they stay in the second-level cache.
constexpr std::int64_t kGroupBytes = std::int64_t{512} << 10;
/// Multiply-adds below which waking other threads costs more than it saves.
constexpr std::int64_t kWorthSharing = 64 * 1024;
/// Activations likewise, which are rounded.
constexpr std::int64_t kWorthSharingRounding = 32 * 1024;
/// With fewer tasks, threads would wait for the last ones: tiles are smaller then.
constexpr std::int64_t kTasksPerThread = 4;

std::int64_t divide_up(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

/// InputRows of words, as a panel kernel takes them.
template <typename Word>
struct WordRows {
  const Word* data;
  std::int64_t stride;
  std::int64_t count;
  std::int64_t words = 1;  ///< of one step
};

/// sums [rows][64] += x [rows][steps] * panel [4][steps][16], pass by pass, so that the panel's part stays
/// near.
template <typename Word, typename Sum>
void multiply_panel(const PanelProduct<Word, Sum>& kernel, const Word* panel, std::int64_t steps,
                    std::int64_t columns, const WordRows<Word>& x, Sum* sums) {
  const std::int64_t most =
      std::min(steps, x.count <= kernel.block_rows ? kernel.block_steps : kernel.pass_steps);
  for (std::int64_t i = 0; i < steps; i += most) {
    const std::int64_t left = steps - i;
    const Word* const words = panel + i * kColumn;
    const Word* const next = left > most ? words + most * kColumn : panel + steps * kPanel;
    kernel.run({words, steps * kColumn, std::min(most, left), next, columns}, x.data + i * x.words, x.stride,
               x.count, sums);
  }
}

Arithmetic arithmetic_of(DType type) {
  return type == DType::fp32 ? Arithmetic::fp32 : type == DType::bf16 ? Arithmetic::bf16 : Arithmetic::int8;
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

PackedMatrix::PackedMatrix(PackedWeights weights, Activations activations)
    : in_(weights.in),
      out_(weights.out),
      type_(weights.type),
      digits_(activations == Activations::bits16 ? 2 : 1),
      steps_(weights.steps),
      panels_(weights.panels),
      words_(std::move(weights.words)),
      bias_(std::move(weights.bias)),
      scales_(std::move(weights.scales)),
      corrections_(std::move(weights.corrections)) {}

const std::uint32_t* PackedMatrix::words(std::int64_t panel) const {
  return reinterpret_cast<const std::uint32_t*>(words_.data()) + panel * steps_ * kPanel;
}

/// Of the panel, those with outputs.
std::int64_t PackedMatrix::columns(std::int64_t panel) const {
  return divide_up(std::min(kPanel, out_ - panel * kPanel), kColumn);
}

/// InputRows of integers: of each, one or two rows [stride] of words as the kernels take them, where their
/// sums begin, and the size of a step.
struct PackedMatrix::Quantized {
  std::unique_ptr<std::uint32_t[]> words;
  std::int64_t stride;
  std::unique_ptr<float[]> steps;
  std::unique_ptr<kernels::Origin[]> origins;
};

PackedMatrix::Quantized PackedMatrix::quantize(const InputRows& x) const {
  const kernels::Kernels& kernel = kernels::active();
  const std::int64_t stride = divide_up(in_, 16) * 4 * kernel.int8_input_words;
  Quantized result{
      std::make_unique_for_overwrite<std::uint32_t[]>(static_cast<std::size_t>(x.count * digits_ * stride)),
      stride, std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>(x.count)),
      std::make_unique_for_overwrite<kernels::Origin[]>(static_cast<std::size_t>(x.count * digits_))};
  for_rows(x.count, in_, [&](std::int64_t row) {
    const auto r = static_cast<std::size_t>(row);
    const float* from = x.data + row * x.stride;
    std::uint32_t* const high = &result.words[static_cast<std::size_t>(row * digits_ * stride)];
    kernels::Origin* const origins = &result.origins[static_cast<std::size_t>(row * digits_)];
    result.steps[r] = digits_ == 2 ? kernel.quantize_finely(from, in_, high, high + stride, origins)
                                   : kernel.quantize(from, in_, high, origins);
  });
  return result;
}

/// -> [rows][steps_][words]
std::unique_ptr<std::uint32_t[]> PackedMatrix::round_bf16(const InputRows& x) const {
  const std::int64_t stride = steps_ * kernels::active().bf16_input_words;
  auto words = std::make_unique_for_overwrite<std::uint32_t[]>(static_cast<std::size_t>(x.count * stride));
  for_rows(x.count, in_, [&](std::int64_t r) {
    kernels::active().round_bf16(x.data + r * x.stride, in_, &words[static_cast<std::size_t>(r * stride)]);
  });
  return words;
}

/// Calls sum(panel, from, rows, sums [rows][64]) for every panel and at most `tile_rows` rows at a time, on
/// all threads, and finishes what it leaves in `sums`.
template <typename Sum>
void PackedMatrix::by_tiles(std::int64_t rows, std::int64_t tile_rows, const Product& product,
                            const Sum& sum) const {
  const kernels::Kernels& kernel = kernels::active();
  const bool few = panels_ * divide_up(rows, tile_rows) < kTasksPerThread * threads();
  const std::int64_t most = few ? tile_rows / 2 : tile_rows;
  const std::int64_t tiles = divide_up(rows, most);
  const std::int64_t row_bytes = 4 * steps_ * (type_ == DType::int8 ? digits_ : 1);
  const std::int64_t group = std::clamp(kGroupBytes / (row_bytes * most), std::int64_t{1}, tiles);
  // Neighbouring tasks share a panel, so that it is read from memory once for a group of tiles, whose rows
  // stay near meanwhile.
  const auto tasks = [&](std::size_t begin, std::size_t end) {
    alignas(64) float sums[kMostTileRows * kPanel];
    for (auto task = static_cast<std::int64_t>(begin); task < static_cast<std::int64_t>(end); ++task) {
      const std::int64_t first = task / (group * panels_) * group;
      const std::int64_t own = std::min(group, tiles - first);
      const std::int64_t panel = task % (group * panels_) / own;
      const std::int64_t tile = first + task % (group * panels_) % own;
      const std::int64_t from = tile * rows / tiles;
      const std::int64_t to = (tile + 1) * rows / tiles;
      sum(panel, from, to - from, sums);
      const std::int64_t count = std::min(kPanel, out_ - panel * kPanel);
      for (std::int64_t r = from; r < to; ++r) {
        float* y = product.y + r * product.stride + panel * kPanel;
        if (product.add) {
          kernel.add(sums + (r - from) * kPanel, product.activation, count, y);
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

void PackedMatrix::multiply(const InputRows& x, const Product& product) const {
  const kernels::Kernels& kernel = kernels::active();
  const std::int64_t words_of_output = steps_ + (type_ == DType::int8 ? 3 : 1);
  count_work(arithmetic_of(type_), 2 * x.count * in_ * out_, 4 * panels_ * kPanel * words_of_output);
  if (type_ == DType::int8) return multiply_int8(x, product);
  if (type_ == DType::fp32) {
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
  by_tiles(x.count, kernel.tile_rows, product,
           [&](std::int64_t panel, std::int64_t from, std::int64_t rows, float* sums) {
             for (std::int64_t r = 0; r < rows; ++r)
               std::copy_n(bias + panel * kPanel, kPanel, sums + r * kPanel);
             multiply_panel(kernel, reinterpret_cast<decltype(x.data)>(words(panel)), steps_, columns(panel),
                            Words{x.data + from * x.stride, x.stride, rows, x.words}, sums);
           });
}

void PackedMatrix::multiply_int8(const InputRows& x, const Product& product) const {
  const kernels::Kernels& kernel = kernels::active();
  const Quantized q = quantize(x);
  const auto* bias = reinterpret_cast<const float*>(bias_.data());
  const auto* scales = reinterpret_cast<const float*>(scales_.data());
  const auto* corrections = reinterpret_cast<const std::int32_t*>(corrections_.data());
  const auto sum = [&](std::int64_t panel, std::int64_t from, std::int64_t rows, float* sums) {
    alignas(64) std::int32_t integers[kMostTileRows * kPanel];  // [rows][digits][64]
    for (std::int64_t r = 0; r < rows * digits_; ++r) {
      const kernels::Origin& origin = q.origins[static_cast<std::size_t>(from * digits_ + r)];
      kernel.begin_sums(origin, corrections + panel * kPanel, integers + r * kPanel);
    }
    multiply_panel(kernel.panel_int8, words(panel), steps_, columns(panel),
                   WordRows<std::uint32_t>{q.words.get() + from * digits_ * q.stride, q.stride,
                                           rows * digits_, kernel.int8_input_words},
                   integers);
    for (std::int64_t r = 0; r < rows; ++r) {
      const std::int32_t* high = integers + r * digits_ * kPanel;
      kernel.scale_sums(high, digits_ == 2 ? high + kPanel : nullptr,
                        q.steps[static_cast<std::size_t>(from + r)], scales + panel * kPanel,
                        bias + panel * kPanel, sums + r * kPanel);
    }
  };
  by_tiles(x.count, kernel.panel_int8.tile_rows / digits_, product, sum);
}

}  // namespace caption
