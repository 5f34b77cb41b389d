#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/bytes.h"
#include "image/orientation.h"

namespace caption {

/// What the texts of a PNG file say of its orientation: XMP, and EXIF as ImageMagick writes it, in
/// hexadecimal digits. What makes no sense in them is passed over.
class PngTexts {
 public:
  /// Of the chunks tEXt, zTXt and iTXt, what is behind their type.
  void read_plain(Bytes data);
  void read_packed(Bytes data);
  void read_international(Bytes data);

  /// As Pillow weighs them: EXIF of a text counts where there is no chunk of its own.
  void tell(Orientation& orientation, bool has_exif_chunk) const;

 private:
  void take(Bytes keyword, Bytes text);

  std::vector<std::uint8_t> xmp_;
  std::vector<std::uint8_t> exif_;
};

}  // namespace caption
