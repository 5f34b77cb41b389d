#include "files/mapped_file.h"

#include <gtest/gtest.h>

#include "files/mapped_ranges.h"
#include "scratch_folder.h"

namespace caption {
namespace {

class Mapped : public ScratchFolder {};

TEST_F(Mapped, IsKnownByItsAddressesAsLongAsItIsThere) {
  write("weights", "12345");
  const std::byte* inside = nullptr;
  {
    const auto file = MappedFile::open(folder_ / "weights");
    inside = file->bytes().data();
    EXPECT_EQ(mapped_file_at(inside), file->path().string());
    EXPECT_EQ(mapped_file_at(inside + 4), file->path().string());
    EXPECT_EQ(mapped_file_at(inside + 5), nullptr);
    EXPECT_EQ(mapped_file_at(inside - 1), nullptr);
  }
  EXPECT_EQ(mapped_file_at(inside), nullptr);
  EXPECT_EQ(mapped_file_at(nullptr), nullptr);
}

TEST_F(Mapped, MoreFilesThanAreRememberedAreStillMapped) {
  write("weights", "12345");
  std::vector<std::shared_ptr<const MappedFile>> files;
  for (int i = 0; i < 100; ++i) files.push_back(MappedFile::open(folder_ / "weights"));
  for (const auto& file : files) EXPECT_EQ(file->bytes().size(), 5U);
  files.clear();
  const auto again = MappedFile::open(folder_ / "weights");
  EXPECT_NE(mapped_file_at(again->bytes().data()), nullptr);
}

}  // namespace
}  // namespace caption
