#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

#include "caption/error.h"
#include "cuda/device_array.h"
#include "cuda/half.h"
#include "orders.h"

namespace caption::cuda {
namespace {

constexpr int kLayers = 3;
constexpr int kLayer = 1;

/// A step of rows over a store of random keys and values.
struct Step {
  int heads;
  int stride;
  std::vector<std::int32_t> places;  ///< [rows, stride]
  std::vector<std::int32_t> counts;  ///< [rows]
  at::Tensor qkv;                    ///< [rows, 3 * width]
  at::Tensor store;                  ///< [places, layers, 2 * width]

  int rows() const { return static_cast<int>(counts.size()); }
  std::int64_t width() const { return std::int64_t{64} * heads; }
};

/// Rows that share the first half of the shorter one's positions with the row before.
Step make_step(int heads, const std::vector<std::int32_t>& counts, at::ScalarType type) {
  Step step{heads, *std::max_element(counts.begin(), counts.end()) + 3, {}, counts, {}, {}};
  std::int32_t next = 0;
  std::vector<std::int32_t> before;
  for (const std::int32_t count : counts) {
    std::vector<std::int32_t> row;
    for (int t = 0; t < count; ++t) {
      const bool shared =
          static_cast<std::size_t>(t) < std::min<std::size_t>(before.size(), row.capacity()) &&
          t < count / 2 && static_cast<std::size_t>(t) + 1 < before.size();
      row.push_back(shared ? before[static_cast<std::size_t>(t)] : next++);
    }
    before = row;
    row.resize(static_cast<std::size_t>(step.stride), -1);  // what is behind a row is not read
    step.places.insert(step.places.end(), row.begin(), row.end());
  }
  step.qkv = at::randn({step.rows(), 3 * step.width()}).mul(2).to(type);
  step.store = at::randn({next, kLayers, 2 * step.width()}).mul(2).to(type);
  return step;
}

template <typename T>
std::vector<T> elements(const at::Tensor& tensor) {
  const auto* data = static_cast<const T*>(tensor.const_data_ptr());
  return {data, data + tensor.numel()};
}

template <typename T>
at::Tensor tensor_of(const std::vector<T>& values, at::ScalarType type) {
  return at::from_blob(const_cast<T*>(values.data()), {static_cast<std::int64_t>(values.size())}, type)
      .clone();
}

struct Attended {
  at::Tensor result;  ///< [rows, width]
  at::Tensor store;
};

template <typename T>
Attended run(const Step& step, Type type, Order order = Order::ascending) {
  const Kernels& kernels = cpu_kernels(order);
  const DeviceArray<T> qkv(kernels, elements<T>(step.qkv));
  const DeviceArray<T> store(kernels, elements<T>(step.store));
  const DeviceArray<std::int32_t> places(kernels, step.places);
  const DeviceArray<std::int32_t> counts(kernels, step.counts);
  const DeviceArray<T> result(kernels, static_cast<std::size_t>(step.rows() * step.width()));
  kernels.attend({qkv.data(), store.data(), type, step.rows(), step.heads, kLayer, kLayers, places.data(),
                  step.stride, counts.data(), result.data()},
                 nullptr);
  const at::ScalarType scalar = step.qkv.scalar_type();
  return {tensor_of(result.values(), scalar).view({step.rows(), step.width()}),
          tensor_of(store.values(), scalar).view_as(step.store)};
}

/// The store after the step.
at::Tensor with_newest(const Step& step) {
  at::Tensor store = step.store.clone();
  for (int row = 0; row < step.rows(); ++row) {
    const auto last = static_cast<std::size_t>(row * step.stride) +
                      static_cast<std::size_t>(step.counts[static_cast<std::size_t>(row)] - 1);
    store[step.places[last]][kLayer].copy_(step.qkv[row].slice(0, step.width()));
  }
  return store;
}

/// By LibTorch's operators, in double precision.
at::Tensor expected(const Step& step) {
  const at::Tensor layer = with_newest(step).select(1, kLayer).to(at::kDouble);  // [places, 2 * width]
  std::vector<at::Tensor> rows;
  for (int row = 0; row < step.rows(); ++row) {
    const auto first = step.places.begin() + row * step.stride;
    const std::vector<std::int64_t> places(first, first + step.counts[static_cast<std::size_t>(row)]);
    const at::Tensor past = layer.index_select(0, at::tensor(places, at::kLong));  // [T, 2 * width]
    const auto split = [&](const at::Tensor& t) {  // [T, width] -> [heads, T, 64]
      return t.reshape({t.size(0), step.heads, 64}).transpose(0, 1);
    };
    const at::Tensor query = split(step.qkv[row].slice(0, 0, step.width()).to(at::kDouble).unsqueeze(0));
    const at::Tensor weights =
        at::softmax(at::matmul(query, split(past.slice(1, 0, step.width())).transpose(1, 2)) / 8, -1);
    rows.push_back(at::matmul(weights, split(past.slice(1, step.width()))).reshape({-1}));
  }
  return at::stack(rows);
}

const std::vector<std::vector<std::int32_t>> kCounts = {
    {1}, {2}, {31, 32, 33}, {63, 64, 65, 64}, {127, 128, 129}, {1, 107, 41, 1, 50}, {kMostPositions}};

TEST(AttendKernel, IsAttentionOverEachRowsPlaces) {
  at::manual_seed(1);
  for (const auto& counts : kCounts) {
    for (const int heads : {1, 3, 12}) {
      const Step step = make_step(heads, counts, at::kFloat);
      const Attended attended = run<float>(step, Type::fp32);
      EXPECT_LT((attended.result.to(at::kDouble) - expected(step)).abs().max().item<double>(), 2e-5)
          << counts.back() << " positions, " << heads << " heads";
      EXPECT_TRUE(at::equal(attended.store, with_newest(step)));
    }
  }
}

TEST(AttendKernel, OfHalvesSumsInSinglePrecision) {
  at::manual_seed(2);
  for (const auto& counts : kCounts) {
    const Step step = make_step(4, counts, at::kHalf);
    const Attended attended = run<Half>(step, Type::fp16);
    const at::Tensor exact = expected(step);
    // No more than the rounding of the result itself.
    EXPECT_TRUE(at::allclose(attended.result.to(at::kDouble), exact, 6e-4, 1e-5)) << counts.back();
    EXPECT_TRUE(at::equal(attended.store, with_newest(step)));
  }
}

TEST(AttendKernel, SurvivesScoresThatAreFarApart) {
  Step step = make_step(1, {40}, at::kFloat);
  step.qkv.mul_(100);
  step.store.mul_(100);
  EXPECT_TRUE(at::allclose(run<float>(step, Type::fp32).result.to(at::kDouble), expected(step), 1e-4, 1e-3));
}

TEST(AttendKernel, OfARowDoesNotDependOnOthers) {
  const Step step = make_step(2, {50, 17, 107}, at::kFloat);
  const at::Tensor together = run<float>(step, Type::fp32).result;
  for (int row = 0; row < 3; ++row) {
    Step alone = step;
    const auto first = step.places.begin() + row * step.stride;
    alone.places = {first, first + step.stride};
    alone.counts = {step.counts[static_cast<std::size_t>(row)]};
    alone.qkv = step.qkv.narrow(0, row, 1).contiguous();
    alone.store = with_newest(step);
    EXPECT_TRUE(at::equal(run<float>(alone, Type::fp32).result[0], together[row]));
  }
}

TEST(AttendKernel, HasNoRaces) {
  const Step step = make_step(2, {107, 3, 64}, at::kHalf);
  const Attended first = run<Half>(step, Type::fp16);
  for (const Order order : kOrders) {
    const Attended attended = run<Half>(step, Type::fp16, order);
    EXPECT_TRUE(at::equal(attended.result, first.result));
    EXPECT_TRUE(at::equal(attended.store, first.store));
  }
}

TEST(AttendKernel, RefusesRequestsThatMakeNoSense) {
  EXPECT_THROW(cpu_kernels().attend({}, nullptr), Error);
}

}  // namespace
}  // namespace caption::cuda
