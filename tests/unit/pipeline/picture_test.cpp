#include "pipeline/picture.h"

#include <gtest/gtest.h>

#include <vector>

#include "caption/error.h"
#include "pipeline/cpu_engine.h"

namespace caption {
namespace {

constexpr int kSide = 4;
constexpr std::size_t kValues = std::size_t{3} * kSide * kSide;

Picture filled(float value, int side = kSide) {
  return ready_picture(
      {side, std::vector<float>(std::size_t{3} * static_cast<std::size_t>(side * side), value)});
}

/// Left half bright, right half dark.
RgbImage halves() {
  RgbImage image{6, 4, {}};
  for (int i = 0; i < 6 * 4; ++i) image.data.insert(image.data.end(), 3, i % 6 < 3 ? 250 : 5);
  return image;
}

/// Such a picture as a device is to resize it.
Picture planned_halves() {
  const Picture::Image image{PlannedImage{halves(), plan_resize(6, 4, kSide)}};
  return {std::make_shared<const Picture::Image>(image), {}};
}

TEST(Picture, StackIsInTheirOrder) {
  const std::vector<Picture> pictures = {filled(1), filled(2), filled(3)};
  const Tensor pixels = stack_pixels(pictures, kSide);
  ASSERT_EQ(pixels.sizes(), (Shape{3, 3, kSide, kSide}));
  for (std::int64_t i = 0; i < pixels.numel(); ++i)
    ASSERT_EQ(pixels.data()[i], static_cast<float>(static_cast<std::size_t>(i) / kValues + 1));
}

TEST(Picture, StackRefusesThoseOfAnotherModel) {
  const Picture cut = ready_picture({kSide, std::vector<float>(kValues - 1)});
  for (const Picture& other : {filled(1, kSide + 1), planned_halves(), cut}) {
    try {
      stack_pixels(std::vector<Picture>{filled(1), other}, kSide);
      ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::internal);
    }
  }
}

TEST(Picture, PixelsAreThoseThatTheCpuMakes) {
  const PixelFormat format{kSide};
  EXPECT_EQ(pixels_of(filled(7), format).values, std::vector<float>(kValues, 7));
  EXPECT_EQ(pixels_of(planned_halves(), format).values, to_pixels(halves(), format).values);
}

}  // namespace
}  // namespace caption
