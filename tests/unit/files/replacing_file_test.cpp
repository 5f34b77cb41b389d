#include "files/replacing_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "scratch_folder.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

/// More than one piece of the buffer.
const std::string kLong(std::size_t{20} << 20, 'x');

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

class ReplacingFileTest : public ScratchFolder {
 protected:
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& entry : fs::directory_iterator(folder_)) all.push_back(entry.path().filename().string());
    std::sort(all.begin(), all.end());
    return all;
  }
  fs::path target() const { return folder_ / "packed.fp32"; }
};

TEST_F(ReplacingFileTest, AppearsWhenItIsComplete) {
  write("packed.fp32", "old");
  ReplacingFile file(target(), kLong.size() + 3);
  file.write(bytes_of("abc"));
  file.write(bytes_of(kLong));
  EXPECT_EQ(read(target()), "old");
  EXPECT_EQ(names().size(), 2U);
  file.keep();
  EXPECT_EQ(names(), std::vector<std::string>{"packed.fp32"});
  EXPECT_TRUE(read(target()) == "abc" + kLong);
  EXPECT_EQ(fs::status(target()).permissions(), static_cast<fs::perms>(0644));
}

TEST_F(ReplacingFileTest, VanishesIfItIsNotKept) {
  write("packed.fp32", "old");
  { ReplacingFile(target(), 3).write(bytes_of("abc")); }
  EXPECT_EQ(names(), std::vector<std::string>{"packed.fp32"});
  EXPECT_EQ(read(target()), "old");
}

TEST_F(ReplacingFileTest, MakesItsFolder) {
  ReplacingFile file(folder_ / "a" / "b" / "c", 1);
  file.keep();
  EXPECT_TRUE(fs::exists(folder_ / "a" / "b" / "c"));
}

TEST_F(ReplacingFileTest, WhatAKilledWriterLeftIsRemoved) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ReplacingFile file(target(), kLong.size());
    file.write(bytes_of(kLong));
    std::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  ASSERT_EQ(names().size(), 1U);
  EXPECT_TRUE(names().front().starts_with(".packed.fp32.partial-"));
  ReplacingFile(target(), 1).keep();
  EXPECT_EQ(names(), std::vector<std::string>{"packed.fp32"});
}

TEST_F(ReplacingFileTest, WritersDoNotDisturbEachOther) {
  write(".packed.bf16.partial-abcdef", "of another file");
  ReplacingFile first(target(), 1);
  ReplacingFile second(target(), 1);
  first.write(bytes_of("1"));
  second.write(bytes_of("2"));
  second.keep();
  first.keep();
  EXPECT_EQ(read(target()), "1");
  EXPECT_EQ(names(), (std::vector<std::string>{".packed.bf16.partial-abcdef", "packed.fp32"}));
}

/// While it lives, no file of this process may be longer; a write beyond that fails.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

TEST_F(ReplacingFileTest, NoRoomIsAnErrorAtOnceAndLeavesNothing) {
  write("packed.fp32", "old");
  const FileSizeLimit limit(1 << 20);
  const std::string message =
      message_of([&] { ReplacingFile(target(), std::uint64_t{2} << 20); }, ErrorKind::output);
  EXPECT_NE(message.find("packed.fp32: cannot be written: File too large"), std::string::npos) << message;
  EXPECT_EQ(names(), std::vector<std::string>{"packed.fp32"});
}

TEST_F(ReplacingFileTest, NoRoomWhileWritingIsAnErrorAndLeavesNothing) {
  write("packed.fp32", "old");
  const FileSizeLimit limit(1 << 20);
  const std::string message = message_of(
      [&] {
        ReplacingFile file(target(), 1);
        file.write(bytes_of(kLong));
      },
      ErrorKind::output);
  EXPECT_NE(message.find("packed.fp32: cannot be written: File too large"), std::string::npos) << message;
  EXPECT_EQ(names(), std::vector<std::string>{"packed.fp32"});
  EXPECT_EQ(read(target()), "old");
}

TEST_F(ReplacingFileTest, AFolderInTheWayIsAnError) {
  fs::create_directories(target() / "x");
  const std::string message = message_of([&] { ReplacingFile(target(), 1).keep(); }, ErrorKind::output);
  EXPECT_NE(message.find("packed.fp32: cannot be written: Is a directory"), std::string::npos) << message;
  EXPECT_EQ(names(), std::vector<std::string>{"packed.fp32"});
  write("file", "");
  EXPECT_NE(message_of([&] { ReplacingFile(folder_ / "file" / "x", 1); }, ErrorKind::output)
                .find("Not a directory"),
            std::string::npos);
}

}  // namespace
}  // namespace caption
