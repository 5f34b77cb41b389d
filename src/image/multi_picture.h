#pragma once

#include <cstddef>
#include <optional>

#include "image/bytes.h"

namespace caption {

/// A JPEG file may have other pictures behind its own, JPEGs, too, which it finds by an index among its
/// metadata (CIPA DC-007, "MPF"): the two of a stereo camera, or a panorama's.
struct MultiPictureIndex {
  std::size_t base = 0;     ///< where in the file, what the pictures' distances count from
  std::size_t entries = 0;  ///< where the first picture's entry is: attributes, size, distance, two numbers
  std::size_t count = 0;    ///< of the pictures; the entries are inside of the file
  bool little = false;      ///< the order of its numbers' bytes

  static constexpr std::size_t kEntryBytes = 16;
};

/// Nothing if there is none, or one that makes no sense.
std::optional<MultiPictureIndex> find_multi_picture_index(Bytes file);

/// The picture `frame`, from its first byte to the file's end, of a JPEG file; 0 is the file. As for Pillow,
/// a file whose second picture is a gain map, of which a display makes a brighter first one, has that first
/// one alone. Throws Error(not_found) for a frame that is not there, Error(corrupt) for one that is no JPEG.
Bytes further_picture(Bytes file, int frame);

}  // namespace caption
