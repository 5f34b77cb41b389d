#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "caption/explanation.h"
#include "caption/options.h"
#include "image/image.h"

namespace caption {

// Pictures that explanations and evaluations are shown with, drawn by OpenCV's library, which is opened for
// them.

/// The square that a model sees of an image file, as a JPEG file's bytes of at most side x side pixels.
/// Throws as decode does.
std::vector<std::byte> encode_square_of(std::span<const std::byte> file_bytes, const ImageOptions& options,
                                        int side, Fit fit);
/// An image file's whole picture as a small JPEG file's bytes, its longer side at most `longest` pixels.
/// Throws as decode does.
std::vector<std::byte> encode_thumbnail_of(std::span<const std::byte> file_bytes, const ImageOptions& options,
                                           int longest);
/// A word's heat [cells, cells] as a PNG with transparency, side x side, to be laid over that square.
std::vector<std::byte> draw_heat_map(std::span<const double> heat, int cells, int side);
/// An image file's explanation as one picture, a PNG file's bytes. Throws as decode does.
std::vector<std::byte> draw_contact_sheet(std::span<const std::byte> file_bytes, const ImageOptions& options,
                                          const Explanation& explanation);

}  // namespace caption
