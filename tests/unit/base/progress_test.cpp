#include "base/progress.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <string>

namespace caption {
namespace {

/// What is drawn on a stream.
class ProgressTest : public ::testing::Test {
 protected:
  ProgressTest() : stream_(open_memstream(&text_, &size_)) {}
  ~ProgressTest() override {
    std::fclose(stream_);
    std::free(text_);
  }

  std::string text() {
    std::fflush(stream_);
    return {text_, size_};
  }

  char* text_ = nullptr;
  std::size_t size_ = 0;
  std::FILE* stream_;
};

TEST_F(ProgressTest, DrawsCountRateAndTimeLeftAndTakesThemAway) {
  // The total is counted on another thread: how soon it is there is not known.
  for (int attempt = 0; attempt < 50 && text().find("/4") == std::string::npos; ++attempt) {
    Progress progress(stream_, [](const std::atomic<bool>&) { return std::size_t{4}; });
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    progress.advance();
  }
  EXPECT_NE(text().find("\r1/4  "), std::string::npos) << text();
  EXPECT_NE(text().find(" images/s  "), std::string::npos);
  EXPECT_NE(text().find(" left\x1b[K"), std::string::npos);
  EXPECT_TRUE(text().ends_with("\r\x1b[K"));
}

TEST_F(ProgressTest, WithoutATotalItShowsTheCountAlone) {
  Progress progress(stream_, [](const std::atomic<bool>&) { return std::size_t{0}; });
  progress.advance();
  progress.advance();  // too soon to be drawn
  EXPECT_TRUE(text().starts_with("\r1  "));
  EXPECT_EQ(text().find('/', 5), text().find("/s"));
  EXPECT_EQ(text().find("\r2"), std::string::npos);
}

TEST_F(ProgressTest, FailuresAreCounted) {
  Progress progress(stream_, [](const std::atomic<bool>&) { return std::size_t{0}; }, 4);
  progress.add_failed(2);
  progress.advance();
  EXPECT_TRUE(text().starts_with("\r5  ")) << text();
  EXPECT_NE(text().find("  2 failed\x1b[K"), std::string::npos) << text();
}

TEST_F(ProgressTest, WithoutAStreamNothingIsCounted) {
  Progress progress(nullptr, [](const std::atomic<bool>&) -> std::size_t { std::abort(); });
  progress.advance();
}

TEST_F(ProgressTest, ItsEndStopsTheCounting) {
  Progress progress(stream_, [](const std::atomic<bool>& stop) {
    while (!stop) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return std::size_t{0};
  });
}

}  // namespace
}  // namespace caption
