#include "kernels/packed_store.h"

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <vector>

#include "kernels/packed_layout.h"
#include "scratch_folder.h"

namespace caption {
namespace {

using OriginTest = ScratchFolder;

/// Files of packed matrices hold these texts: with others, the matrices in them are not found again, so the
/// layout must get another number, too.
TEST_F(OriginTest, SaysWhichValuesOfWhichFile) {
  write("clip.pt", std::string(256, '\0'));
  const auto file = MappedFile::open(folder_ / "clip.pt");
  const auto part = [&](std::size_t from, std::size_t bytes, DType type) {
    return Tensor::of_file(file, file->bytes().subspan(from, bytes), type);
  };
  const Tensor weight = part(64, 48, DType::fp16).reshape({6, 4}).t();
  EXPECT_EQ(origin_of("", {weight, Tensor()}), "\nclip.pt 64 fp16 [4, 6] [1, 4]\nnone");
  EXPECT_EQ(origin_of("rule", {part(0, 8, DType::fp32), part(128, 6, DType::bf16)}),
            "rule\nclip.pt 0 fp32 [2] [1]\nclip.pt 128 bf16 [3] [1]");
  EXPECT_EQ(kPackedLayout, "columns of 16 outputs, 3");
}

TEST_F(OriginTest, IsEmptyIfOneIsInNoFile) {
  write("clip.pt", std::string(16, '\0'));
  const auto file = MappedFile::open(folder_ / "clip.pt");
  const Tensor in_file = Tensor::of_file(file, file->bytes(), DType::fp32);
  EXPECT_EQ(origin_of("rule", {in_file, Tensor::empty({3})}), "");
}

}  // namespace
}  // namespace caption
