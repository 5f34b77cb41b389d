#include "libtorch/engine/transfer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>
#include <variant>
#include <vector>

#include "caption/error.h"
#include "cuda/cpu_kernels.h"
#include "image/image.h"
#include "image/resample.h"
#include "libtorch/engine/own_kernels.h"

namespace caption {
namespace {

RgbImage noise(int width, int height, unsigned seed) {
  std::mt19937 generator(seed);
  RgbImage image{width, height, std::vector<std::uint8_t>(static_cast<std::size_t>(width * height) * 3)};
  for (std::uint8_t& value : image.data) value = static_cast<std::uint8_t>(generator() >> 24);
  return image;
}

Transfer transfer_of(int resolution) {
  Transfer transfer;
  transfer.format.resolution = resolution;
  transfer.resize = resize_by_kernels(cuda::cpu_kernels());
  return transfer;
}

/// As a reader hands it out for a device that resizes.
Picture planned(const RgbImage& image, int side) {
  return planned_picture({image, plan_resize(image.width, image.height, side)});
}

bool is_image(const Picture& picture) {
  return std::holds_alternative<PlannedImage>(picture.image->content);
}

/// Whether they are resized before or on the device, and whatever goes with them.
TEST(Transfer, GivesEveryPicturesPixelsBitForBit) {
  for (const int side : {1, 7, 32, 33}) {
    const Transfer transfer = transfer_of(side);
    std::vector<Picture> pictures;
    std::vector<float> expected;
    unsigned seed = 1;
    for (const auto& [width, height] :
         {std::pair{90, 31}, {40, 40}, {31, 90}, {400, 20}, {1, 1}, {3, 200}, {side, side}}) {
      const RgbImage image = noise(width, height, seed++);
      const Pixels pixels = to_pixels(image, transfer.format);
      pictures.push_back(planned(image, side));
      if (seed % 3 == 0) pictures.back() = ready_picture(pixels);
      expected.insert(expected.end(), pixels.values.begin(), pixels.values.end());
    }
    const auto expect = [&](std::span<const Picture> some, std::size_t first) {
      const at::Tensor staged = send(some, transfer).contiguous();
      EXPECT_EQ(staged.sizes(), (at::IntArrayRef{static_cast<std::int64_t>(some.size()), 3, side, side}));
      const auto area = static_cast<std::size_t>(side * side) * 3;
      EXPECT_TRUE(std::equal(staged.const_data_ptr<float>(), staged.const_data_ptr<float>() + staged.numel(),
                             expected.begin() + static_cast<std::ptrdiff_t>(first * area)))
          << "side " << side << ", from " << first;
    };
    expect(pictures, 0);
    for (std::size_t i = 0; i < pictures.size(); ++i) expect({&pictures[i], 1}, i);
  }
}

TEST(Transfer, LeavesToTheDeviceWhatIsNotTooLarge) {
  Transfer transfer = transfer_of(8);  // pixels of 768 bytes
  EXPECT_TRUE(is_image(prepare_picture(noise(32, 32, 1), transfer)));
  EXPECT_FALSE(is_image(prepare_picture(noise(32, 33, 1), transfer)));
  transfer.resize = {};
  EXPECT_FALSE(is_image(prepare_picture(noise(32, 32, 1), transfer)));
}

TEST(Transfer, RefusesWhatIsOfAnotherModel) {
  Transfer transfer = transfer_of(8);
  const Picture larger = ready_picture(to_pixels(noise(20, 20, 1), transfer_of(9).format));
  EXPECT_THROW(send({&larger, 1}, transfer), Error);
  const Picture cut = ready_picture({8, std::vector<float>(191)});
  EXPECT_THROW(send({&cut, 1}, transfer), Error);
  const Picture image = planned(noise(20, 20, 1), 8);
  transfer.resize = {};
  EXPECT_THROW(send({&image, 1}, transfer), Error);
}

}  // namespace
}  // namespace caption
