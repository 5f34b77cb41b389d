#include "kernels/compare_kernels.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

namespace caption::kernels {
namespace {

/// Of a sum of kIn products of numbers up to 2: far above what another order of adding up changes, far below
/// what any wrong number would.
constexpr double kOtherOrder = 1e-3;

constexpr std::int64_t kIn = 261;   ///< inputs: neither even nor a multiple of anything
constexpr std::int64_t kRows = 33;  ///< more than a block of any set
constexpr std::int64_t kWidth = 320;
constexpr std::int64_t kPositions = 37;
constexpr std::int64_t kDim = 64;
constexpr Activation kActivations[] = {Activation::none, Activation::relu,      Activation::tanh,
                                       Activation::gelu, Activation::gelu_tanh, Activation::quick_gelu};

/// What each function gave: its name and its values, flat.
using Results = std::vector<std::pair<std::string, at::Tensor>>;

std::int64_t divide_up(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

/// Numbers from -spread to spread, the same in each call with the same seed.
at::Tensor numbers(at::IntArrayRef shape, double spread, std::uint64_t seed) {
  return (at::rand(shape, at::detail::createCPUGenerator(seed)) * 2 - 1) * spread;
}

at::Tensor bytes(at::IntArrayRef shape, std::uint64_t seed) {
  return at::randint(256, shape, at::detail::createCPUGenerator(seed), at::kByte);
}

/// As they are packed: from -127 to 127.
at::Tensor integers_of_weights(std::int64_t steps) {
  return at::randint(-127, 128, {steps, 4 * kPanel}, at::detail::createCPUGenerator(4), at::kChar);
}

template <typename Word>
Word* words(const at::Tensor& tensor) {
  return static_cast<Word*>(tensor.data_ptr());
}

const float* floats(const at::Tensor& tensor) {
  return tensor.const_data_ptr<float>();
}

/// x [kRows, ...] by a panel -> sums [kRows, 64], by one row, by some and by all: as the matrices do it.
template <typename Word, typename Sum>
at::Tensor product(const PanelProduct<Word, Sum>& kernel, const at::Tensor& panel, const at::Tensor& x,
                   std::int64_t steps, at::ScalarType sum) {
  std::vector<at::Tensor> all;
  for (const std::int64_t rows : {std::int64_t{1}, std::int64_t{7}, kRows}) {
    const at::Tensor sums = at::ones({rows, kPanel}, sum);
    const std::int64_t stride = x.stride(0) * x.element_size() / static_cast<std::int64_t>(sizeof(Word));
    kernel.run(words<Word>(panel), steps, words<Word>(x), stride, rows, words<Sum>(sums));
    all.push_back(sums.flatten());
  }
  return at::cat(all);
}

void add_products(const Kernels& k, Results& results) {
  const at::Tensor panel = numbers({kIn, kPanel}, 2, 1);
  const at::Tensor x = numbers({kRows, kIn}, 2, 2);
  results.emplace_back("product fp32", product(k.panel_fp32, panel, x, kIn, at::kFloat));

  const std::int64_t pairs = divide_up(kIn, 2);
  const at::Tensor packed = at::zeros({pairs, kPanel}, at::kInt);
  k.pack_bf16(floats(panel), kIn, words<std::uint32_t>(packed));
  results.emplace_back("pack bf16", packed.flatten());
  const at::Tensor rounded = at::zeros({kRows, pairs * k.bf16_input_words}, at::kInt);
  for (std::int64_t r = 0; r < kRows; ++r) k.round_bf16(floats(x[r]), kIn, words<std::uint32_t>(rounded[r]));
  results.emplace_back("product bf16", product(k.panel_bf16, packed, rounded, pairs, at::kFloat));

  const std::int64_t fours = divide_up(kIn, 4);
  const at::Tensor integers = bytes({kRows, divide_up(kIn, 16) * 16}, 3);
  results.emplace_back("product int8",
                       product(k.panel_int8, integers_of_weights(fours), integers, fours, at::kInt));
}

void add_rounding(const Kernels& k, Results& results) {
  const at::Tensor x = numbers({kIn}, 3, 5);
  const std::int64_t room = divide_up(kIn, 16) * 16;
  const at::Tensor high = at::zeros({room}, at::kByte);
  const at::Tensor low = at::zeros({room}, at::kByte);
  const auto in_range = [](const at::Tensor& row) { return row.narrow(0, 0, kIn).to(at::kFloat); };
  std::int32_t zero = 0;
  const float size = k.quantize(floats(x), kIn, words<std::uint8_t>(high), &zero);
  results.emplace_back("quantize", at::cat({in_range(high), at::tensor({size, static_cast<float>(zero)})}));
  const float fine = k.quantize_finely(floats(x), kIn, words<std::uint8_t>(high), words<std::uint8_t>(low));
  results.emplace_back("quantize finely", at::cat({in_range(high), in_range(low), at::tensor({fine})}));

  const at::Tensor packed = at::zeros({divide_up(kIn, 4), kPanel}, at::kInt);
  const at::Tensor scales = at::zeros({kPanel});
  const at::Tensor corrections = at::zeros({kPanel}, at::kInt);
  k.pack_int8(floats(numbers({kIn, kPanel}, 2, 6)), kIn, words<std::uint32_t>(packed), words<float>(scales),
              words<std::int32_t>(corrections));
  results.emplace_back("pack int8",
                       at::cat({packed.flatten().to(at::kDouble), scales.to(at::kDouble), corrections}));

  const at::Tensor sums = (numbers({2, kPanel}, 1e6, 7)).to(at::kInt);
  const at::Tensor bias = numbers({kPanel}, 1, 8);
  const at::Tensor y = at::zeros({2, kPanel});
  const auto* upper = words<std::int32_t>(sums);
  k.scale_sums(upper, nullptr, 1e-3F, floats(bias), floats(bias), words<float>(y));
  k.scale_sums(upper, upper + kPanel, 1e-3F, floats(bias), floats(bias), words<float>(y) + kPanel);
  results.emplace_back("scale sums", y.flatten());

  const at::Tensor halves = numbers({kIn}, 1000, 9).to(at::kHalf);
  const at::Tensor widened = at::zeros({kIn});
  k.from_half(words<std::uint16_t>(halves), kIn, words<float>(widened));
  results.emplace_back("from half", widened);
}

void add_layers(const Kernels& k, Results& results) {
  const at::Tensor sums = numbers({kPanel}, 8, 10);
  std::vector<at::Tensor> finished;
  std::vector<at::Tensor> added;
  for (const Activation activation : kActivations) {
    finished.push_back(at::zeros({kPanel}));
    k.finish(floats(sums), activation, kPanel - 1, words<float>(finished.back()));
    added.push_back(numbers({kPanel}, 2, 11));
    k.add(floats(sums), activation, kPanel - 1, words<float>(added.back()));
  }
  results.emplace_back("finish", at::cat(finished));
  results.emplace_back("add", at::cat(added));

  const at::Tensor x = numbers({3, kWidth}, 5, 12);
  const at::Tensor normal = at::zeros({kWidth});
  k.layer_norm(floats(x[0]), floats(x[1]), floats(x[2]), kWidth, words<float>(normal));
  results.emplace_back("layer norm", normal);

  const at::Tensor weights = numbers({112}, 9, 13);
  k.softmax(words<float>(weights), 107, 112, 0.125F);
  results.emplace_back("softmax", weights);

  const at::Tensor store = numbers({2, kPositions, 2 * kDim}, 2, 14);
  std::vector<const float*> keys;
  std::vector<const float*> values;
  for (std::int64_t t = 0; t < kPositions; ++t) {
    keys.push_back(floats(store[0][t]));
    values.push_back(floats(store[1][t]));
  }
  const at::Tensor q = numbers({kDim}, 3, 15);
  const at::Tensor scores = at::zeros({48});
  const at::Tensor attended = at::zeros({kDim});
  k.attend(floats(q), {keys.data(), values.data(), kDim, kPositions}, kDim, 0.125F, words<float>(scores),
           words<float>(attended));
  results.emplace_back("attend", attended);
}

Results run(const Kernels& kernels) {
  Results results;
  add_products(kernels, results);
  add_rounding(kernels, results);
  add_layers(kernels, results);
  return results;
}

double difference(const at::Tensor& a, const at::Tensor& b) {
  if (std::memcmp(a.const_data_ptr(), b.const_data_ptr(), a.nbytes()) == 0) return 0;
  const double largest = (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
  if (std::isnan(largest)) return std::numeric_limits<double>::infinity();
  return std::max(largest, std::numeric_limits<double>::min());  // zeros of two signs
}

}  // namespace

std::vector<KernelComparison> compare_kernels(const Kernels& kernels, const Kernels& reference) {
  const auto by_tiles = [](const Kernels& k) { return k.name == "amx"; };
  const Results here = run(kernels);
  const Results there = run(reference);
  std::vector<KernelComparison> comparisons;
  for (std::size_t i = 0; i < here.size(); ++i) {
    const auto& [name, values] = here[i];
    const bool other_order = name == "product bf16" && by_tiles(kernels) != by_tiles(reference);
    comparisons.push_back({name, difference(values, there[i].second), other_order ? kOtherOrder : 0});
  }
  return comparisons;
}

}  // namespace caption::kernels
