#include "files/replacing_folder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "caption/error.h"
#include "files/sha256.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

class ReplacingFolderTest : public ::testing::Test {
 protected:
  ReplacingFolderTest() {
    fs::create_directories(scratch_);
    std::ofstream(scratch_ / "file", std::ios::binary) << "abc";
  }
  ~ReplacingFolderTest() override { fs::remove_all(scratch_); }

  const fs::path scratch_ = fs::temp_directory_path() / ("caption-folder-" + std::to_string(::getpid()));
};

TEST_F(ReplacingFolderTest, AppearsWhenItIsKept) {
  const fs::path target = scratch_ / "new/model/";
  {
    const ReplacingFolder folder(target);
    folder.add(scratch_ / "file", "copy");
    EXPECT_FALSE(fs::exists(target));
    EXPECT_TRUE(fs::exists(folder.path() / "copy"));
    EXPECT_EQ(folder.path().filename().string()[0], '.');
    folder.keep();
  }
  EXPECT_EQ(fs::file_size(target / "copy"), 3U);
  EXPECT_EQ(std::distance(fs::directory_iterator(scratch_ / "new"), fs::directory_iterator()), 1);
}

TEST_F(ReplacingFolderTest, CopiesAreTheSameBytesAndFilesOfTheirOwn) {
  std::string bytes;
  for (int i = 0; i < 3'000'000; ++i) bytes += static_cast<char>(i * 7 % 251);
  std::ofstream(scratch_ / "large", std::ios::binary) << bytes;
  std::ofstream(scratch_ / "empty").close();
  fs::permissions(scratch_ / "large", fs::perms::owner_read | fs::perms::owner_write);
  const ReplacingFolder folder(scratch_ / "model");
  folder.add(scratch_ / "large", "large");
  folder.add(scratch_ / "empty", "empty");
  std::ofstream(scratch_ / "large", std::ios::binary) << "changed";
  std::ifstream copy(folder.path() / "large", std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(copy), {}), bytes);
  EXPECT_EQ(fs::file_size(folder.path() / "empty"), 0U);
  EXPECT_EQ(fs::status(folder.path() / "large").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_THROW(folder.add(scratch_ / "empty", "large"), Error);  // which is there already
  std::ifstream kept(folder.path() / "large", std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(kept), {}), bytes);
}

TEST_F(ReplacingFolderTest, NothingIsLeftIfItIsNotKept) {
  {
    const ReplacingFolder folder(scratch_ / "model");
    folder.add(scratch_ / "file", "copy");
    EXPECT_THROW(folder.add(scratch_ / "nowhere", "other"), Error);
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(scratch_), fs::directory_iterator()), 1);
}

TEST_F(ReplacingFolderTest, APlaceThatCannotBeIsAnError) {
  EXPECT_THROW(ReplacingFolder(scratch_ / "file/model"), Error);
  fs::create_directories(scratch_ / "taken/inside");
  const ReplacingFolder folder(scratch_ / "taken");
  EXPECT_THROW(folder.keep(), Error);
}

TEST_F(ReplacingFolderTest, HashesOfFiles) {
  EXPECT_EQ(file_sha256(scratch_ / "file", ErrorKind::model),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  try {
    file_sha256(scratch_ / "nowhere", ErrorKind::unreadable);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unreadable);
  }
}

}  // namespace
}  // namespace caption
