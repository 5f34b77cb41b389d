#include "image/drawings.h"

#include "image/open_modules.h"

namespace caption {

std::vector<std::byte> encode_square_of(std::span<const std::byte> file_bytes, const ImageOptions& options,
                                        int side, Fit fit) {
  return opencv_library().encode_square(decode(file_bytes, options), side, fit);
}

std::vector<std::byte> encode_thumbnail_of(std::span<const std::byte> file_bytes, const ImageOptions& options,
                                           int longest) {
  return opencv_library().encode_thumbnail(decode(file_bytes, options), longest);
}

std::vector<std::byte> draw_heat_map(std::span<const double> heat, int cells, int side) {
  return opencv_library().encode_heat_map(heat, cells, side);
}

std::vector<std::byte> draw_contact_sheet(std::span<const std::byte> file_bytes, const ImageOptions& options,
                                          const Explanation& explanation) {
  return opencv_library().encode_contact_sheet(decode(file_bytes, options), explanation);
}

}  // namespace caption
