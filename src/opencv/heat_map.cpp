#include "opencv/heat_map.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <string>

#include "caption/error.h"
#include "caption/explanation.h"

namespace caption {
namespace {

constexpr double kBlurCells = 0.12;  ///< takes the creases off the linear interpolation

struct Stop {
  double at;
  std::array<double, 4> rgba;
};

template <std::size_t n>
HeatColour interpolate(const std::array<Stop, n>& stops, double at) {
  std::size_t i = 1;
  while (i + 1 < n && stops[i].at < at) ++i;
  const Stop& low = stops[i - 1];
  const Stop& high = stops[i];
  const double share = std::clamp((at - low.at) / (high.at - low.at), 0.0, 1.0);
  std::array<std::uint8_t, 4> rgba{};
  for (std::size_t c = 0; c < 4; ++c) {
    rgba[c] = static_cast<std::uint8_t>(std::lround(low.rgba[c] + share * (high.rgba[c] - low.rgba[c])));
  }
  return {rgba[0], rgba[1], rgba[2], rgba[3]};
}

}  // namespace

HeatColour heat_colour(double share) {
  static constexpr std::array<Stop, 4> kLoss = {{{0, {150, 30, 60, 0}},
                                                 {0.35, {205, 65, 40, 150}},
                                                 {0.7, {245, 150, 30, 205}},
                                                 {1, {255, 236, 130, 235}}}};
  static constexpr std::array<Stop, 3> kGain = {
      {{0, {30, 60, 170, 0}}, {0.5, {50, 110, 220, 160}}, {1, {150, 205, 255, 225}}}};
  return share < 0 ? interpolate(kGain, -share) : interpolate(kLoss, share);
}

double full_heat(std::span<const double> heat) {
  return heat.empty() ? kLeastFullHeat
                      : std::max(kLeastFullHeat, *std::max_element(heat.begin(), heat.end()));
}

std::vector<float> spread_heat(std::span<const double> heat, int cells, int side) {
  if (cells < 1 || side < 1 ||
      heat.size() != static_cast<std::size_t>(cells) * static_cast<std::size_t>(cells)) {
    throw Error(ErrorKind::internal, "a heat map of " + std::to_string(heat.size()) + " numbers cannot be " +
                                         std::to_string(cells) + " x " + std::to_string(cells));
  }
  const double full = full_heat(heat);
  cv::Mat grid(cells, cells, CV_32F);
  std::transform(heat.begin(), heat.end(), grid.begin<float>(),
                 [&](double value) { return static_cast<float>(value / full); });
  cv::Mat spread;
  try {
    cv::resize(grid, spread, {side, side}, 0, 0, cv::INTER_LINEAR);
    cv::GaussianBlur(spread, spread, {0, 0}, kBlurCells * side / cells, 0, cv::BORDER_REPLICATE);
  } catch (const cv::Exception& error) {
    throw Error(ErrorKind::internal, "heat map: OpenCV failed: " + error.err);
  }
  return {spread.begin<float>(), spread.end<float>()};
}

std::vector<std::byte> encode_heat_map(std::span<const double> heat, int cells, int side) {
  const std::vector<float> shares = spread_heat(heat, cells, side);
  cv::Mat map(side, side, CV_8UC4);
  std::transform(shares.begin(), shares.end(), map.begin<cv::Vec4b>(), [](float share) {
    const HeatColour colour = heat_colour(static_cast<double>(share));
    return cv::Vec4b(colour.blue, colour.green, colour.red, colour.alpha);
  });
  std::vector<std::uint8_t> file;
  try {
    if (!cv::imencode(".png", map, file)) throw Error(ErrorKind::internal, "OpenCV cannot write PNG");
  } catch (const cv::Exception& error) {
    throw Error(ErrorKind::internal, "heat map: OpenCV failed: " + error.err);
  }
  const auto bytes = std::as_bytes(std::span(file));
  return {bytes.begin(), bytes.end()};
}

}  // namespace caption
