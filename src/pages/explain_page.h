#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "pages/explained_words.h"
#include "pages/html.h"

namespace caption {

/// The pictures of a page.
struct ExplanationPictures {
  static constexpr int kSquare = 512;  ///< side of the square, in pixels

  std::vector<std::byte> square;  ///< what the model sees of the image, a JPEG file's bytes
  /// Draws a heat map [cells, cells] as a PNG file's bytes, side x side.
  std::function<std::vector<std::byte>(std::span<const double> heat, int cells, int side)> draw_heat;
};

/// An explanation as one page that needs nothing else.
std::string explanation_page(const ExplainedImage& explained, const ExplanationPictures& pictures,
                             const PageFoot& foot);

}  // namespace caption
