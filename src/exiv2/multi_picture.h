#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace caption {

/// A JPEG file finds the pictures behind its own by their distance from a place among its metadata (see
/// image/multi_picture.h). Where metadata between the two, or before, have become longer or shorter, sets
/// these distances right; everything from the first picture's pixels on must be the same in both. Does
/// nothing to files without such pictures.
void keep_further_pictures(std::span<const std::byte> before, std::vector<std::byte>& after);

}  // namespace caption
