#pragma once

#include <cstddef>
#include <vector>

#include "caption/explanation.h"
#include "image/image.h"

namespace caption {

/// An explanation as one picture, a PNG file's bytes: the caption, the square that the model saw, and a tile
/// for each word with its heat map over that square, its probability and its largest loss; below, what the
/// colours mean. `image` is the whole picture.
std::vector<std::byte> encode_contact_sheet(const RgbImage& image, const Explanation& explanation);

}  // namespace caption
