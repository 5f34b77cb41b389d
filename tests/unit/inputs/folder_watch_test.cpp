#include "inputs/folder_watch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>

#include "inputs/selection.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

/// What comes is known by what comes next: nothing here waits for a time.
class FolderWatchTest : public ::testing::Test {
 protected:
  FolderWatchTest() {
    fs::create_directories(folder_);
    watch_.add(folder_);
  }
  ~FolderWatchTest() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  bool take(const std::string& name) { return watch_.take({folder_ / name, name}); }
  std::string next() { return watch_.next(stop_)->below.string(); }
  /// Whether nothing has come before a file that is written now.
  bool nothing_has_come() {
    const std::string name = "mark" + std::to_string(marks_++) + ".jpg";
    write(name, "mark");
    return next() == name;
  }

  const fs::path folder_ = fs::temp_directory_path() / ("caption-watch-" + std::to_string(::getpid()));
  const Patterns patterns_;
  FolderWatch watch_{false, patterns_};
  std::atomic<bool> stop_{false};
  int marks_ = 0;
};

TEST_F(FolderWatchTest, WhatIsClosedUnchangedDoesNotComeAgain) {
  write("a.jpg", "first");
  EXPECT_EQ(next(), "a.jpg");
  std::ofstream(folder_ / "a.jpg", std::ios::app).flush();
  EXPECT_TRUE(nothing_has_come());
  EXPECT_FALSE(take("a.jpg"));
}

TEST_F(FolderWatchTest, OneThatIsWrittenAnewBeforeItIsTakenComesOnce) {
  write("a.jpg", "first");
  std::ofstream anew(folder_ / "a.jpg", std::ios::binary);  // has nothing now, and its first closing is known
  EXPECT_TRUE(nothing_has_come());
  anew << "sec";
  anew.flush();
  EXPECT_TRUE(nothing_has_come());
  EXPECT_FALSE(take("a.jpg"));
  anew << "ond";
  anew.close();
  EXPECT_EQ(next(), "a.jpg");
  EXPECT_TRUE(nothing_has_come());

  for (const char* text : {"third", "fourth", "fifth"}) write("a.jpg", text);
  EXPECT_EQ(next(), "a.jpg");
  EXPECT_TRUE(nothing_has_come());
}

TEST_F(FolderWatchTest, OneThatIsChangedAtOnceComesAgainEvenIfItsSizeAndTimeSayLittle) {
  for (int i = 0; i < 100; ++i) {
    write("a.jpg", std::to_string(100 + i));
    EXPECT_EQ(next(), "a.jpg") << i;
  }
  EXPECT_TRUE(nothing_has_come());
}

TEST_F(FolderWatchTest, OneOfAListingThatIsWrittenComesWhenItIsClosed) {
  std::ofstream slow(folder_ / "a.jpg", std::ios::binary);
  EXPECT_FALSE(take("a.jpg"));
  slow << "first";
  slow.close();
  EXPECT_TRUE(take("a.jpg"));
  EXPECT_TRUE(nothing_has_come());
}

TEST_F(FolderWatchTest, OneThatHasGoneDoesNotCome) {
  write("a.jpg", "first");
  fs::remove(folder_ / "a.jpg");
  EXPECT_FALSE(take("a.jpg"));
  EXPECT_TRUE(nothing_has_come());
  write("a.jpg", "second");
  EXPECT_EQ(next(), "a.jpg");
}

TEST_F(FolderWatchTest, LinksComeThoughNobodyClosesThem) {
  write("a.png", "first");
  EXPECT_EQ(next(), "a.png");
  fs::create_hard_link(folder_ / "a.png", folder_ / "b.jpg");
  EXPECT_EQ(next(), "b.jpg");
  fs::create_symlink("a.png", folder_ / "c.jpg");
  EXPECT_EQ(next(), "c.jpg");
  EXPECT_TRUE(nothing_has_come());
}

}  // namespace
}  // namespace caption
