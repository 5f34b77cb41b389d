#include "opencv/heat_map.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "caption/error.h"
#include "caption/explanation.h"
#include "image/image.h"
#include "image/opencv_library.h"
#include "image/plain_text.h"
#include "opencv/contact_sheet.h"

namespace caption {
namespace {

/// Roughly how light a colour is over black.
double lightness(const HeatColour& colour) {
  return (0.2126 * colour.red + 0.7152 * colour.green + 0.0722 * colour.blue) * colour.alpha / 255;
}

TEST(HeatColour, GrowsLighterAndMoreOpaqueBothWays) {
  EXPECT_EQ(heat_colour(0).alpha, 0);
  for (const double sign : {1.0, -1.0}) {
    for (int i = 1; i <= 20; ++i) {
      const HeatColour before = heat_colour(sign * (i - 1) / 20);
      const HeatColour after = heat_colour(sign * i / 20);
      EXPECT_GT(lightness(after), lightness(before)) << i;
      EXPECT_GE(after.alpha, before.alpha) << i;
      EXPECT_EQ(sign > 0, after.red > after.blue) << i;
    }
  }
}

TEST(HeatColour, EndsAtTheFullHeat) {
  EXPECT_EQ(lightness(heat_colour(7)), lightness(heat_colour(1)));
  EXPECT_EQ(lightness(heat_colour(-7)), lightness(heat_colour(-1)));
}

TEST(HeatMap, HasAScaleOfItsOwnButNotBelowTheLeast) {
  EXPECT_EQ(full_heat(std::vector<double>{0, 5, -9}), 5);
  EXPECT_EQ(full_heat(std::vector<double>{0.01, 0, -9}), kLeastFullHeat);
}

TEST(HeatMap, IsSpreadWithoutMovingOrRinging) {
  std::vector<double> heat(49, 0.0);
  heat[2 * 7 + 4] = 3;  // row 2, column 4
  const std::vector<float> spread = spread_heat(heat, 7, 70);
  const auto peak = std::max_element(spread.begin(), spread.end()) - spread.begin();
  EXPECT_NEAR(static_cast<double>(peak / 70), 24.5, 1.0);
  EXPECT_NEAR(static_cast<double>(peak % 70), 44.5, 1.0);
  EXPECT_GT(spread[static_cast<std::size_t>(peak)], 0.75F);
  EXPECT_GE(*std::min_element(spread.begin(), spread.end()), 0.0F);  // no gain that is not there
  EXPECT_EQ(spread[0], 0.0F);
  EXPECT_THROW(spread_heat(heat, 6, 70), Error);
}

TEST(HeatMap, IsAPngOfItsSide) {
  const std::vector<double> heat = {0, 1, 2, -3};
  const RgbImage map = decode_image(encode_heat_map(heat, 2, 20), {}, decode_by_opencv);
  EXPECT_EQ(map.width, 20);
  EXPECT_EQ(map.height, 20);
}

Explanation two_words(const std::string& first, const std::string& second) {
  Explanation explanation;
  explanation.caption = {first + " " + second, {1, 2}, -2, -1};
  explanation.words = {{first, 0, 1, -1, {0, 0, 0, 0}}, {second, 1, 1, -1, {0, 0, 0, 4}}};
  explanation.grid = 2;
  explanation.resolution = 8;
  explanation.window = 6;
  return explanation;
}

TEST(ContactSheet, ShowsHeatInItsPlace) {
  const RgbImage image{8, 8, std::vector<std::uint8_t>(192, 100)};
  const RgbImage sheet =
      decode_image(encode_contact_sheet(image, two_words("one", "two")), {}, decode_by_opencv);
  // Tiles of 256 after a margin of 32, 24 between them; the title's line above.
  const auto pixel = [&](int tile, int x, int y) {
    const int at = ((32 + 40 + 12 + y) * sheet.width + 32 + tile * 280 + x) * 3;
    return std::vector<int>(sheet.data.begin() + at, sheet.data.begin() + at + 3);
  };
  EXPECT_EQ(pixel(0, 128, 128), (std::vector<int>{100, 100, 100}));  // the picture
  EXPECT_EQ(pixel(1, 192, 192), (std::vector<int>{62, 62, 62}));     // nothing but the dimmed picture
  EXPECT_EQ(pixel(2, 20, 20), (std::vector<int>{62, 62, 62}));
  const std::vector<int> hot = pixel(2, 230, 230);
  EXPECT_GT(hot[0], 200);
  EXPECT_GT(hot[0], hot[2] + 50);
}

TEST(ContactSheet, TakesAnyWords) {
  const RgbImage image{40, 20, std::vector<std::uint8_t>(2400, 7)};
  for (const std::string& word :
       {std::string(), std::string(300, 'w'), std::string("\xE7\x8C\xAB \xFF\n%s")}) {
    const RgbImage sheet =
        decode_image(encode_contact_sheet(image, two_words(word, word)), {}, decode_by_opencv);
    EXPECT_GT(sheet.width, 1000);
  }
  Explanation many = two_words("a", "b");
  many.words.resize(60, many.words[1]);
  EXPECT_GT(decode_image(encode_contact_sheet(image, many), {}, decode_by_opencv).height, 15 * 300);
}

TEST(PlainText, ReplacesWhatTheFontDoesNotHave) {
  EXPECT_EQ(plain_text("A cat."), "A cat.");
  EXPECT_EQ(plain_text("caf\xC3\xA9 na\xC3\xAFve \xC5\x81\xC3\xB3"
                       "d\xC5\xBA"),
            "cafe naive Lodz");
  EXPECT_EQ(plain_text("Stra\xC3\x9F"
                       "e \xC3\x86on c\xC5\x93ur"),
            "Strasse AEon coeur");
  EXPECT_EQ(plain_text("\xE2\x80\x9CI\xE2\x80\x99m\xE2\x80\x9D \xE2\x80\x94 \xE2\x80\xA6"), "\"I'm\" - ...");
  EXPECT_EQ(plain_text("\xE7\x8C\xAB"), "U+732B");
  EXPECT_EQ(plain_text("a\tb\xFF"), "a b?");
}

}  // namespace
}  // namespace caption
