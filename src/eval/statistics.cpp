#include "eval/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

#include "kernels/parallel.h"

namespace caption::eval {
namespace {

using Draws = std::vector<Metrics>;  ///< one per time

/// Random numbers of one time, so that the times can be computed in any order.
std::mt19937_64 random_of(const Resampling& resampling, std::size_t time) {
  std::seed_seq seeds = {static_cast<std::uint32_t>(resampling.seed),
                         static_cast<std::uint32_t>(resampling.seed >> 32U),
                         static_cast<std::uint32_t>(time)};
  return std::mt19937_64(seeds);
}

/// Of the values in the middle.
Interval middle(const Draws& draws, std::size_t metric) {
  constexpr double kLow = 0.025;
  std::vector<double> values;
  for (const Metrics& draw : draws) values.push_back(draw[metric]);
  std::sort(values.begin(), values.end());
  const auto last = static_cast<double>(values.size() - 1);
  const auto at = [&](double share) {  // between the two nearest values
    const double place = share * last;
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, values.size() - 1);
    return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
  };
  return {at(kLow), at(1 - kLow)};
}

/// How often each of `count` pictures is drawn. The same everywhere: the library's own distributions are not.
std::vector<double> draw(std::size_t count, std::mt19937_64& random) {
  std::vector<double> times(count);
  for (std::size_t i = 0; i < count; ++i) ++times[random() % count];
  return times;
}

Measured weighted_sum(std::span<const Measured> pictures, const std::vector<double>& times) {
  Measured all;
  for (std::size_t i = 0; i < pictures.size(); ++i)
    if (times[i] != 0) all.add(pictures[i], times[i]);
  return all;
}

Metrics minus(const Metrics& a, const Metrics& b) {
  Metrics result;
  for (std::size_t i = 0; i < kMetrics; ++i) result[i] = a[i] - b[i];
  return result;
}

/// Calls body(time) for each, on all cores.
template <typename Body>
void for_each_time(const Resampling& resampling, const Body& body) {
  parallel_for(static_cast<std::size_t>(resampling.times), [&](std::size_t begin, std::size_t end) {
    for (std::size_t time = begin; time < end; ++time) body(time);
  });
}

/// The difference if each picture's two captions change places or do not, at random.
Metrics exchanged(std::span<const Measured> first, std::span<const Measured> second,
                  std::mt19937_64& random) {
  constexpr std::size_t kBits = 64;
  Measured left;
  Measured right;
  std::uint64_t bits = 0;
  for (std::size_t picture = 0; picture < first.size(); ++picture) {
    if (picture % kBits == 0) bits = random();
    const bool swapped = (bits >> (picture % kBits) & 1U) != 0;
    left.add(swapped ? second[picture] : first[picture]);
    right.add(swapped ? first[picture] : second[picture]);
  }
  return minus(metrics(right), metrics(left));
}

}  // namespace

std::array<Interval, kMetrics> bootstrap(std::span<const Measured> pictures, const Resampling& resampling) {
  Draws draws(static_cast<std::size_t>(resampling.times));
  for_each_time(resampling, [&](std::size_t time) {
    std::mt19937_64 random = random_of(resampling, time);
    draws[time] = metrics(weighted_sum(pictures, draw(pictures.size(), random)));
  });
  std::array<Interval, kMetrics> intervals;
  for (std::size_t i = 0; i < kMetrics; ++i) intervals[i] = middle(draws, i);
  return intervals;
}

std::array<Difference, kMetrics> compare(std::span<const Measured> first, std::span<const Measured> second,
                                         const Resampling& resampling) {
  std::array<Difference, kMetrics> differences;
  const Metrics all = minus(metrics(sum(second)), metrics(sum(first)));
  for (std::size_t i = 0; i < kMetrics; ++i) differences[i].value = all[i];
  for (std::size_t picture = 0; picture < first.size(); ++picture) {
    const Metrics own = minus(metrics(second[picture]), metrics(first[picture]));
    for (std::size_t i = 0; i < kMetrics; ++i) {
      if (own[i] > 0) ++differences[i].better;
      if (own[i] < 0) ++differences[i].worse;
    }
  }
  Draws draws(static_cast<std::size_t>(resampling.times));
  Draws exchanges(draws.size());
  for_each_time(resampling, [&](std::size_t time) {
    std::mt19937_64 random = random_of(resampling, time);
    const std::vector<double> times = draw(first.size(), random);
    draws[time] = minus(metrics(weighted_sum(second, times)), metrics(weighted_sum(first, times)));
    exchanges[time] = exchanged(first, second, random);
  });
  constexpr double kRounding = 1e-12;  // sums in another order
  for (std::size_t i = 0; i < kMetrics; ++i) {
    const auto as_large = std::count_if(exchanges.begin(), exchanges.end(), [&](const Metrics& other) {
      return std::abs(other[i]) >= std::abs(all[i]) - kRounding;
    });
    differences[i].interval = middle(draws, i);
    differences[i].p = (static_cast<double>(as_large) + 1) / (resampling.times + 1.0);
  }
  return differences;
}

}  // namespace caption::eval
