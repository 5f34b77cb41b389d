#include "explain/occlusion.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>

#include "caption/error.h"

namespace caption {
namespace {

/// A hidden square's side in cells: neighbouring squares overlap, so that a map is smooth, and what is nearly
/// half as wide as the picture can be hidden whole. A model guesses a thing from any part that is left.
constexpr int kWindowCells = 3;
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

/// One channel of a picture.
struct Plane {
  std::span<const float> values;  ///< [side, side]
  int side;

  std::size_t index(int x, int y) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(side) + static_cast<std::size_t>(x);
  }

  /// What stands around `square` in the row and the column of (x, y): the mean of the up to four nearest
  /// values outside of it, weighted by 1 / distance^2; 0 if there are none.
  float from_edges(const HiddenSquare& square, int x, int y) const {
    double sum = 0;
    double weights = 0;
    const auto add = [&](int edge_x, int edge_y, int distance) {
      if (edge_x < 0 || edge_y < 0 || edge_x >= side || edge_y >= side) return;
      const double weight = 1.0 / (static_cast<double>(distance) * distance);
      sum += weight * static_cast<double>(values[index(edge_x, edge_y)]);
      weights += weight;
    };
    add(x, square.top - 1, y - square.top + 1);
    add(x, square.bottom, square.bottom - y);
    add(square.left - 1, y, x - square.left + 1);
    add(square.right, y, square.right - x);
    return weights > 0 ? static_cast<float>(sum / weights) : 0.0F;
  }
};

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
  const auto window = static_cast<int>(std::lround(1.0 * kWindowCells * resolution / cells));
  return {cells, resolution, window};
}

Pixels hide(const Pixels& image, const HiddenSquare& square) {
  Pixels result = image;
  const int side = image.resolution;
  const std::size_t area = static_cast<std::size_t>(side) * static_cast<std::size_t>(side);
  for (std::size_t channel = 0; channel < 3; ++channel) {
    const Plane plane = {std::span(image.values).subspan(channel * area, area), side};
    for (int y = square.top; y < square.bottom; ++y) {
      for (int x = square.left; x < square.right; ++x) {
        result.values[channel * area + plane.index(x, y)] = plane.from_edges(square, x, y);
      }
    }
  }
  return result;
}

}  // namespace caption
