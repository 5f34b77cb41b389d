#pragma once

#include "image/image.h"

namespace caption {

/// A square of the picture that is hidden: pixels [left, right) x [top, bottom).
struct HiddenSquare {
  int left = 0;
  int top = 0;
  int right = 0;
  int bottom = 0;
};

/// Which squares are hidden, one around the middle of each cell of a grid.
struct OcclusionGrid {
  int cells = 0;       ///< G, across and down
  int resolution = 0;  ///< R, pixels across and down
  int window = 0;      ///< side of a square in pixels, before the picture's edges cut it

  /// The square of cell (row, column), cut to the picture.
  HiddenSquare square(int row, int column) const;
};

/// The grid of `cells` (0: as many as suit) for pictures of R pixels. Throws Error(usage) if R is less than
/// `cells`.
OcclusionGrid make_occlusion_grid(int cells, int resolution);

/// `image` without what is inside of `square`: each pixel there becomes a mean of those at the square's edges
/// in its row and column, the nearer the more. (A flat colour would be a thing of its own to the model.) If
/// the square is the whole picture, it becomes the mean colour, 0.
Pixels hide(const Pixels& image, const HiddenSquare& square);

}  // namespace caption
