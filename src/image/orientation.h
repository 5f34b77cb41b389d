#pragma once

#include <cstdint>
#include <optional>

#include "image/bytes.h"

namespace caption {

/// Which way up a stored picture is, by what its metadata say: EXIF's tag, or XMP's, where EXIF has none, as
/// Pillow's exif_transpose takes them.
class Orientation {
 public:
  /// An EXIF block, which begins with "II*" or "MM" (an "Exif\0\0" before it is skipped). What makes no sense
  /// in it is passed over: EXIF is full of errors, and the picture does not depend on it.
  void read_exif(Bytes exif);
  /// An XMP packet: tiff:Orientation, as an attribute or an element.
  void read_xmp(Bytes xmp);
  /// EXIF's tag, read by others.
  void set_exif(std::uint32_t tag);

  /// Whether anything has told it.
  bool is_known() const { return exif_ || xmp_; }
  /// EXIF's 1..8; 1 where nothing else is known.
  int value() const { return exif_.value_or(xmp_.value_or(1)); }

 private:
  std::optional<int> exif_;
  std::optional<int> xmp_;
};

}  // namespace caption
