#include "opencv/contact_sheet.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <sstream>
#include <string>
#include <utility>

#include "image/plain_text.h"
#include "opencv/heat_map.h"

namespace caption {
namespace {

// Sizes in pixels.
constexpr int kTile = 256;
constexpr int kGap = 24;
constexpr int kMargin = 32;
constexpr int kLabel = 62;  ///< below a tile
constexpr int kColumns = 4;
constexpr int kTitleLine = 40;
constexpr int kLegend = 70;
constexpr int kWidth = 2 * kMargin + kColumns * kTile + (kColumns - 1) * kGap;

const cv::Scalar kPaper(250, 252, 252);  // blue, green, red
const cv::Scalar kInk(38, 33, 29);
const cv::Scalar kSoft(112, 104, 96);

struct Font {
  int face;
  double scale;
  cv::Scalar colour;
};
const Font kTitle = {cv::FONT_HERSHEY_DUPLEX, 1.0, kInk};
const Font kWord = {cv::FONT_HERSHEY_DUPLEX, 0.75, kInk};
const Font kNote = {cv::FONT_HERSHEY_SIMPLEX, 0.5, kSoft};

int text_width(const std::string& text, const Font& font) {
  int base = 0;
  return cv::getTextSize(text, font.face, font.scale, 1, &base).width;
}

/// `text`, cut to what fits into `width`.
std::string fitted(std::string text, const Font& font, int width) {
  if (text_width(text, font) <= width) return text;
  while (!text.empty() && text_width(text + "...", font) > width) text.pop_back();
  return text + "...";
}

void write(cv::Mat& sheet, const std::string& text, const cv::Point& at, const Font& font) {
  cv::putText(sheet, text, at, font.face, font.scale, font.colour, 1, cv::LINE_AA);
}

std::vector<std::string> wrapped(const std::string& text, const Font& font, int width) {
  std::vector<std::string> lines(1);
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    std::string longer = lines.back().empty() ? word : lines.back() + " " + word;
    if (lines.back().empty() || text_width(longer, font) <= width) {
      lines.back() = fitted(std::move(longer), font, width);
    } else {
      lines.push_back(fitted(std::move(word), font, width));
    }
  }
  return lines;
}

template <typename... Arguments>
std::string format(const char* pattern, Arguments... arguments) {
  std::array<char, 160> text{};
  std::snprintf(text.data(), text.size(), pattern, arguments...);
  return text.data();
}

/// The square that the model saw, [kTile, kTile] BGR.
cv::Mat square_of(const RgbImage& image, bool stretched) {
  RgbImage square = to_square(image, kTile, stretched ? Fit::stretch : Fit::crop);
  cv::Mat picture(kTile, kTile, CV_8UC3, square.data.data());
  cv::Mat result;
  cv::cvtColor(picture, result, cv::COLOR_RGB2BGR);
  return result;
}

/// The picture in dark grey, on which the colours of the heat stand out.
cv::Mat dimmed(const cv::Mat& picture) {
  constexpr double kBrightness = 0.62;
  cv::Mat grey;
  cv::cvtColor(picture, grey, cv::COLOR_BGR2GRAY);
  grey.convertTo(grey, -1, kBrightness);
  cv::cvtColor(grey, grey, cv::COLOR_GRAY2BGR);
  return grey;
}

void lay_over(cv::Mat& tile, const std::vector<float>& shares) {
  auto share = shares.begin();
  for (auto pixel = tile.begin<cv::Vec3b>(); pixel != tile.end<cv::Vec3b>(); ++pixel, ++share) {
    const HeatColour colour = heat_colour(static_cast<double>(*share));
    const std::array<int, 3> above = {colour.blue, colour.green, colour.red};
    for (int c = 0; c < 3; ++c) {
      const int below = (*pixel)[c];
      const int mixed = below + (above[static_cast<std::size_t>(c)] - below) * colour.alpha / 255;
      (*pixel)[c] = static_cast<std::uint8_t>(mixed);
    }
  }
}

void draw_legend(cv::Mat& sheet, int top, const Explanation& explanation) {
  constexpr int kBar = 240;
  cv::Mat bar(14, kBar, CV_8UC3, cv::Scalar::all(70));
  std::vector<float> shares;
  shares.reserve(bar.total());
  for (int i = 0; i < bar.rows * kBar; ++i) {
    shares.push_back(2.0F * (static_cast<float>(i % kBar) + 0.5F) / static_cast<float>(kBar) - 1.0F);
  }
  lay_over(bar, shares);
  bar.copyTo(sheet(cv::Rect(kMargin, top, kBar, bar.rows)));
  write(sheet, "gain", {kMargin, top + 34}, kNote);
  write(sheet, "0", {kMargin + kBar / 2 - 5, top + 34}, kNote);
  write(sheet, "loss", {kMargin + kBar - 34, top + 34}, kNote);
  const int text = kMargin + kBar + kGap;
  const int room = kWidth - kMargin - text;
  write(
      sheet,
      fitted("What the word's log-probability loses when a square around the place is hidden.", kNote, room),
      {text, top + 12}, kNote);
  write(
      sheet,
      fitted(
          format(
              "Full colour: the word's largest loss, or %.0f if that is more. %d x %d squares of %d pixels, "
              "picture of %d.",
              kLeastFullHeat, explanation.grid, explanation.grid, explanation.window, explanation.resolution),
          kNote, room),
      {text, top + 34}, kNote);
}

void draw_word(cv::Mat& sheet, const cv::Point& at, const cv::Mat& ground, const ExplainedWord& word,
               int cells) {
  cv::Mat tile = ground.clone();
  lay_over(tile, spread_heat(word.heat, cells, kTile));
  tile.copyTo(sheet(cv::Rect(at, tile.size())));
  const std::string name = word.text.empty() ? "(end)" : plain_text(word.text);
  write(sheet, fitted(name, kWord, kTile), {at.x, at.y + kTile + 30}, kWord);
  const double most = *std::max_element(word.heat.begin(), word.heat.end());
  write(sheet, format("%.3g%%, loses up to %.2f", 100 * std::exp(word.logprob), std::max(most, 0.0)),
        {at.x, at.y + kTile + 52}, kNote);
}

cv::Mat draw_sheet(const RgbImage& image, const Explanation& explanation) {
  const std::vector<std::string> title =
      wrapped(plain_text(explanation.caption.text), kTitle, kWidth - 2 * kMargin);
  const int tiles = static_cast<int>(explanation.words.size()) + 1;
  const int rows = (tiles + kColumns - 1) / kColumns;
  const int head = kMargin + static_cast<int>(title.size()) * kTitleLine + kGap / 2;
  const int height = head + rows * (kTile + kLabel + kGap) + kLegend;
  cv::Mat sheet(height, kWidth, CV_8UC3, kPaper);
  for (std::size_t line = 0; line < title.size(); ++line) {
    write(sheet, title[line], {kMargin, kMargin + 28 + static_cast<int>(line) * kTitleLine}, kTitle);
  }
  const cv::Mat picture = square_of(image, explanation.stretched);
  const cv::Mat ground = dimmed(picture);
  for (int i = 0; i < tiles; ++i) {
    const cv::Point at(kMargin + i % kColumns * (kTile + kGap),
                       head + i / kColumns * (kTile + kLabel + kGap));
    if (i > 0) {
      draw_word(sheet, at, ground, explanation.words[static_cast<std::size_t>(i - 1)], explanation.grid);
      continue;
    }
    picture.copyTo(sheet(cv::Rect(at, picture.size())));
    write(sheet, "What the model saw", {at.x, at.y + kTile + 30}, kNote);
    write(sheet, format("score %.3f", explanation.caption.score), {at.x, at.y + kTile + 52}, kNote);
  }
  draw_legend(sheet, height - kLegend, explanation);
  return sheet;
}

}  // namespace

std::vector<std::byte> encode_contact_sheet(const RgbImage& image, const Explanation& explanation) {
  std::vector<std::uint8_t> file;
  try {
    if (!cv::imencode(".png", draw_sheet(image, explanation), file)) {
      throw Error(ErrorKind::internal, "contact sheet: OpenCV cannot write PNG");
    }
  } catch (const cv::Exception& error) {
    throw Error(ErrorKind::internal, "contact sheet: OpenCV failed: " + error.err);
  }
  const auto bytes = std::as_bytes(std::span(file));
  return {bytes.begin(), bytes.end()};
}

}  // namespace caption
