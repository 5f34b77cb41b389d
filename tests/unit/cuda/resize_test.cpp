#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

#include "caption/error.h"
#include "cuda/device_array.h"
#include "cuda/half.h"
#include "image/image.h"
#include "image/opencv_library.h"
#include "image/resample.h"
#include "orders.h"

namespace caption::cuda {
namespace {

RgbImage noise(int width, int height, unsigned seed) {
  std::mt19937 generator(seed);
  RgbImage image{width, height, std::vector<std::uint8_t>(static_cast<std::size_t>(width * height) * 3)};
  // Black and white for the most part: clipping has something to do.
  for (std::uint8_t& value : image.data) {
    const auto bits = static_cast<unsigned>(generator());
    value = static_cast<std::uint8_t>(bits % 3 == 0 ? bits >> 24 : 255 * (bits >> 31));
  }
  return image;
}

RgbImage photo(const std::string& name) {
  std::ifstream file(std::string(CAPTION_TEST_DATA) + "/photos/" + name, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  return decode_image(std::as_bytes(std::span(text)), {}, decode_by_opencv);
}

struct DeviceWeights {
  DeviceWeights(const Kernels& kernels, const Kernel& kernel)
      : start(kernels, kernel.start),
        length(kernels, kernel.length),
        weights(kernels, kernel.weights),
        taps(kernel.taps) {}
  ResizeWeights pointers() const { return {start.data(), length.data(), weights.data(), taps}; }

  DeviceArray<std::int32_t> start;
  DeviceArray<std::int32_t> length;
  DeviceArray<std::int32_t> weights;
  int taps;
};

std::vector<std::uint8_t> part(const RgbImage& image, const ResizePlan& plan) {
  std::vector<std::uint8_t> bytes;
  for (int row = plan.top; row < plan.top + plan.height; ++row) {
    const auto first = image.data.begin() + std::ptrdiff_t{3} * (row * image.width + plan.left);
    bytes.insert(bytes.end(), first, first + std::ptrdiff_t{3} * plan.width);
  }
  return bytes;
}

template <typename T>
std::vector<T> resize(const RgbImage& image, const PixelFormat& format, Type type,
                      Order order = Order::ascending) {
  const Kernels& kernels = cpu_kernels(order);
  const ResizePlan plan = plan_resize(image.width, image.height, format.resolution);
  const DeviceWeights across(kernels, plan.across);
  const DeviceWeights down(kernels, plan.down);
  const auto side = static_cast<std::size_t>(format.resolution);
  const DeviceArray<std::uint8_t> rgb(kernels, part(image, plan));
  const DeviceArray<float> table(kernels, normalised(format));
  const DeviceArray<std::uint8_t> scratch(kernels, static_cast<std::size_t>(plan.height) * side * 3);
  const DeviceArray<T> pixels(kernels, side * side * 3);
  kernels.resize({rgb.data(), plan.width, plan.height, across.pointers(), down.pointers(), format.resolution,
                  table.data(), scratch.data(), pixels.data(), type},
                 nullptr);
  return pixels.values();
}

void expect_to_pixels(const RgbImage& image, int side) {
  SCOPED_TRACE(testing::Message() << image.width << "x" << image.height << " to " << side);
  PixelFormat format;
  format.resolution = side;
  const Pixels expected = to_pixels(image, format);
  EXPECT_EQ(resize<float>(image, format, Type::fp32), expected.values);
}

TEST(ResizeKernel, GivesPillowsPixelsBitForBit) {
  std::mt19937 generator(1);
  for (unsigned i = 0; i < 60; ++i) {
    const int width = 1 + static_cast<int>(generator() % 400);
    const int height = 1 + static_cast<int>(generator() % 400);
    const int side = 1 + static_cast<int>(generator() % 150);
    expect_to_pixels(noise(width, height, i), side);
  }
}

TEST(ResizeKernel, AtTheEdgesOfItsBlocks) {
  for (const int side : {1, 2, 31, 32, 33, 127, 128, 129, 224}) {
    for (const auto& [width, height] :
         {std::pair{1, 1}, {side, side}, {side, side + 1}, {side + 1, side}, {1, 3 * side}, {500, 7}}) {
      expect_to_pixels(noise(width, height, 3), side);
    }
  }
}

TEST(ResizeKernel, OfPhotos) {
  for (const char* name : {"astronaut.jpg", "cat.jpg", "coffee.jpg"}) {
    for (const int side : {224, 288, 336}) expect_to_pixels(photo(name), side);
  }
}

TEST(ResizeKernel, RoundsToHalves) {
  PixelFormat format;
  format.resolution = 224;
  const RgbImage image = photo("cat.jpg");
  const Pixels expected = to_pixels(image, format);
  const std::vector<Half> halves = resize<Half>(image, format, Type::fp16);
  ASSERT_EQ(halves.size(), expected.values.size());
  for (std::size_t i = 0; i < halves.size(); ++i) {
    ASSERT_EQ(halves[i].bits, from_float<Half>(expected.values[i]).bits);
  }
}

TEST(ResizeKernel, HasNoRaces) {
  PixelFormat format;
  format.resolution = 131;
  const RgbImage image = noise(300, 200, 4);
  const auto first = resize<float>(image, format, Type::fp32);
  for (const Order order : kOrders) EXPECT_EQ(resize<float>(image, format, Type::fp32, order), first);
}

TEST(ResizeKernel, RefusesRequestsThatMakeNoSense) {
  EXPECT_THROW(cpu_kernels().resize({}, nullptr), Error);
}

}  // namespace
}  // namespace caption::cuda
