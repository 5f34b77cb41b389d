#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>

#include "caption/error.h"
#include "golden.h"
#include "image/open_modules.h"

namespace caption {
namespace {

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

RgbImage draw(std::string_view body, Sandbox sandbox = Sandbox::automatic) {
  ImageOptions options;
  options.svg = true;
  options.sandbox = sandbox;
  return decode(
      bytes_of("<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' " +
               std::string(body) + "</svg>"),
      options);
}

std::array<int, 3> pixel(const RgbImage& image, int x, int y) {
  const std::uint8_t* const at = image.data.data() + static_cast<std::ptrdiff_t>(y * image.width + x) * 3;
  return {at[0], at[1], at[2]};
}

TEST(Svg, IsReadOnlyIfThatIsAsked) {
  try {
    decode(bytes_of("<svg xmlns='http://www.w3.org/2000/svg'/>"), {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unsupported_format);
    EXPECT_TRUE(std::string_view(error.what()).starts_with("the format is SVG, a drawing")) << error.what();
  }
}

TEST(Svg, IsDrawnOnWhiteWithAShorterSideOf512Pixels) {
  const RgbImage image = draw(
      "width='30' height='20'><rect width='15' height='10' fill='#102030'/>"
      "<rect x='15' width='15' height='10' fill='#f00' fill-opacity='0.5'/>");
  EXPECT_EQ(image.width, 768);
  EXPECT_EQ(image.height, 512);
  EXPECT_EQ(pixel(image, 100, 100), (std::array{0x10, 0x20, 0x30}));
  EXPECT_EQ(pixel(image, 600, 100), (std::array{255, 127, 127}));
  EXPECT_EQ(pixel(image, 100, 400), (std::array{255, 255, 255}));
}

TEST(Svg, TakesItsSizeFromTheViewBox) {
  const RgbImage image = draw("viewBox='0 0 1000 2000'><rect width='1000' height='1000'/>");
  EXPECT_EQ(image.width, 512);
  EXPECT_EQ(image.height, 1024);
  EXPECT_EQ(pixel(image, 5, 500), (std::array{0, 0, 0}));
  EXPECT_EQ(pixel(image, 5, 530), (std::array{255, 255, 255}));
}

TEST(Svg, AStripIsNoLongerThan4096Pixels) {
  const RgbImage image = draw("width='10' height='100000'>");
  EXPECT_EQ(image.width, 1);
  EXPECT_EQ(image.height, 4096);
}

TEST(Svg, OpensNothing) {
  const std::string file = image_data("rgb.png");
  const std::string link = "width='10' height='10'><image width='10' height='10' xlink:href='";
  for (const Sandbox sandbox : {Sandbox::off, Sandbox::on}) {
    const RgbImage image = draw(link + "file://" + file + "'/>", sandbox);
    EXPECT_TRUE(std::all_of(image.data.begin(), image.data.end(), [](int value) { return value == 255; }));
  }
}

TEST(Svg, ATextIsTheSameInTheBox) {
  const std::string text =
      "width='80' height='20'><text y='15' font-family='serif'>Words</text><text x='40' y='15' "
      "font-family='monospace' font-weight='bold'>Words</text>";
  const RgbImage image = draw(text, Sandbox::off);
  EXPECT_NE(std::count(image.data.begin(), image.data.end(), 0), 0);
  EXPECT_EQ(draw(text, Sandbox::on).data, image.data);
}

TEST(Svg, WhatIsNoneIsAnError) {
  for (const char* body :
       {"width='0' height='5'>", "width='10' height='10'><rect", "width='1e30' height='nan'><"}) {
    EXPECT_THROW(draw(body), Error) << body;
  }
}

}  // namespace
}  // namespace caption
