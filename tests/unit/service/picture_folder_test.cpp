#include "service/picture_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "caption/error.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

class PictureFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    top_ = fs::temp_directory_path() / ("caption-folder-" + std::to_string(::getpid()));
    fs::create_directories(top_ / "in" / "sub");
    std::ofstream(top_ / "in" / "sub" / "a") << "inside";
    std::ofstream(top_ / "b") << "outside";
  }
  void TearDown() override { fs::remove_all(top_); }

  std::string read(const std::string& name) const {
    try {
      const std::vector<std::byte> bytes = PictureFolder(top_ / "in", 10).read(name);
      return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    } catch (const Error& error) {
      return std::string(error_code(error.kind()));
    }
  }

  fs::path top_;
};

TEST_F(PictureFolderTest, InsideAndNotOutside) {
  fs::create_symlink("sub/a", top_ / "in" / "near");
  fs::create_symlink(top_ / "b", top_ / "in" / "far");
  fs::create_symlink("/proc/self/root", top_ / "in" / "magic");
  for (const std::string name : {"sub/a", "sub/../sub/a", "near"}) EXPECT_EQ(read(name), "inside");
  EXPECT_EQ(read((fs::canonical(top_) / "in/sub/a").string()), "inside");
  for (const std::string name : {"../b", "far", "sub/../../b", "magic/etc/passwd", "/etc/passwd", "sub"})
    EXPECT_EQ(read(name), "unreadable") << name;
  for (const std::string name : {"", "sub/b", "sub/a/x"}) EXPECT_EQ(read(name), "not_found") << name;
  EXPECT_EQ(read(std::string("sub/a\0b", 7)), "unreadable");
}

TEST_F(PictureFolderTest, LargeFilesAndOtherKinds) {
  std::ofstream(top_ / "in" / "large") << "12345678901";
  EXPECT_EQ(read("large"), "too_large");
  ASSERT_EQ(::mkfifo((top_ / "in" / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(read("pipe"), "unreadable");
}

TEST_F(PictureFolderTest, NoFolder) {
  EXPECT_THROW(PictureFolder(top_ / "none", 1), Error);
  EXPECT_THROW(PictureFolder(top_ / "b", 1), Error);
}

}  // namespace
}  // namespace caption
