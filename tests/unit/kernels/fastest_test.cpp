#include "kernels/fastest.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string_view>
#include <thread>

namespace caption::kernels {
namespace {

template <typename Word, typename Sum>
void do_nothing(const PanelPart<Word>&, const Word*, std::int64_t, std::int64_t, Sum*) {}

/// Takes longer, on any machine.
template <typename Word, typename Sum>
void dawdle(const PanelPart<Word>&, const Word*, std::int64_t, std::int64_t, Sum*) {
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

float quantize_nothing(const float*, std::int64_t, std::uint32_t*, Origin*) {
  return 0;
}

Kernels set_of(std::string_view name) {
  Kernels kernels = *find(InstructionSet::portable);
  kernels.name = name;
  kernels.panel_fp32.run = do_nothing<float, float>;
  kernels.panel_bf16.run = do_nothing<std::uint32_t, float>;
  kernels.panel_int8.run = do_nothing<std::uint32_t, std::int32_t>;
  return kernels;
}

TEST(FastestOf, OneSetIsThat) {
  const Kernels only = set_of("only");
  const Kernels* const sets[] = {&only};
  EXPECT_EQ(fastest_of(sets).name, "only");
}

TEST(FastestOf, TakesEachTypeFromTheSetThatIsFastestWithIt) {
  Kernels early = set_of("early");
  Kernels late = set_of("late");
  early.panel_int8.run = dawdle<std::uint32_t, std::int32_t>;
  late.panel_fp32.run = dawdle<float, float>;
  late.panel_bf16.run = dawdle<std::uint32_t, float>;
  late.quantize = quantize_nothing;
  const Kernels* const sets[] = {&early, &late};
  const Fastest fastest = fastest_of(sets);
  EXPECT_EQ(fastest.name, "early, int8 late");
  EXPECT_EQ(fastest.kernels.panel_fp32.run, early.panel_fp32.run);
  EXPECT_EQ(fastest.kernels.panel_bf16.run, early.panel_bf16.run);
  EXPECT_EQ(fastest.kernels.panel_int8.run, late.panel_int8.run);
  EXPECT_EQ(fastest.kernels.quantize, late.quantize);
}

/// Another order of sums must not depend on what was measured.
TEST(FastestOf, TakesTilesForBf16WhereTheyAre) {
  const Kernels early = set_of("early");
  Kernels tiles = set_of("tiles");
  tiles.bf16_by_tiles = true;
  tiles.panel_bf16.run = dawdle<std::uint32_t, float>;
  tiles.panel_int8.run = dawdle<std::uint32_t, std::int32_t>;
  const Kernels* const sets[] = {&early, &tiles};
  const Fastest fastest = fastest_of(sets);
  EXPECT_TRUE(fastest.kernels.bf16_by_tiles);
  EXPECT_EQ(fastest.kernels.panel_bf16.run, tiles.panel_bf16.run);
  EXPECT_EQ(fastest.kernels.panel_int8.run, early.panel_int8.run);
}

}  // namespace
}  // namespace caption::kernels
