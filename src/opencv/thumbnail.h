#pragma once

#include <cstddef>
#include <vector>

#include "image/image.h"

namespace caption {

/// The whole picture as a JPEG file's bytes, its longer side at most `longest` pixels; never enlarged.
/// `longest` is at least 1, else Error(internal).
std::vector<std::byte> encode_thumbnail(const RgbImage& image, int longest);

/// What the model sees of the picture, the square in its middle, as a JPEG file's bytes of at most `side` x
/// `side` pixels; never enlarged. `side` is at least 1, else Error(internal).
std::vector<std::byte> encode_square(const RgbImage& image, int side, Fit fit = Fit::crop);

}  // namespace caption
