#include "codecs/quiet.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <thread>
#include <vector>

namespace caption {
namespace {

/// What threads print, some of them quiet ones by turns, each line with one letter.
TEST(Quiet, IsOneThreadsAlone) {
  { const Quiet first; }  // from now on standard error asks
  testing::internal::CaptureStderr();
  constexpr int kLines = 200;
  std::vector<std::thread> threads;
  for (int number = 0; number < 4; ++number) {
    threads.emplace_back([number] {
      for (int i = 0; i < kLines; ++i) {
        if (number % 2 == 0) {
          const Quiet quiet;
          std::fputs("unheard\n", stderr);
        }
        std::fputs("heard\n", stderr);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string text = testing::internal::GetCapturedStderr();
  std::string expected;
  for (int i = 0; i < 4 * kLines; ++i) expected += "heard\n";
  EXPECT_EQ(text, expected);
}

}  // namespace
}  // namespace caption
