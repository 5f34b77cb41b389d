#include "pipeline/occlusion.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace caption {
namespace {

/// A hidden square's side in cells. Neighbouring squares overlap, so that a map is smooth and a thing on the
/// border of two cells is hidden once.
constexpr double kWindowCells = 2;
constexpr int kPixelsPerCell = 32;
constexpr int kFewestCells = 7;
constexpr int kMostCells = 12;

struct Extent {
  int begin;
  int end;
};

Extent extent(int cell, const OcclusionGrid& grid) {
  const double middle = (cell + 0.5) * grid.resolution / grid.cells;
  const int begin = static_cast<int>(std::lround(middle - grid.window / 2.0));
  return {std::max(begin, 0), std::min(begin + grid.window, grid.resolution)};
}

}  // namespace

HiddenSquare OcclusionGrid::square(int row, int column) const {
  const Extent x = extent(column, *this);
  const Extent y = extent(row, *this);
  return {x.begin, y.begin, x.end, y.end};
}

OcclusionGrid make_occlusion_grid(int cells, int resolution) {
  if (cells == 0) cells = std::clamp(resolution / kPixelsPerCell, kFewestCells, kMostCells);
  if (cells > resolution) {
    throw Error(ErrorKind::usage, "a grid of " + std::to_string(cells) + " cells across is finer than the " +
                                      std::to_string(resolution) + " pixels that the model sees");
  }
  const auto window = static_cast<int>(std::lround(kWindowCells * resolution / cells));
  return {cells, resolution, window};
}

Pixels hide(const Pixels& image, const HiddenSquare& square) {
  Pixels result = image;
  const std::ptrdiff_t side = image.resolution;
  for (std::ptrdiff_t channel = 0; channel < 3; ++channel) {
    for (std::ptrdiff_t y = square.top; y < square.bottom; ++y) {
      const auto row = result.values.begin() + (channel * side + y) * side;
      std::fill(row + square.left, row + square.right, 0.0F);
    }
  }
  return result;
}

}  // namespace caption
