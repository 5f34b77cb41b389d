#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "caption/error.h"

// The containers around compressed pictures, read by ourselves: sizes before anything is decoded,
// orientation, alpha, and whether the file is whole. A decoder then gets a stream that holds only what the
// picture needs.

namespace caption {

using Bytes = std::span<const std::uint8_t>;

/// What the fourth channel of the decoded picture means.
enum class Alpha { none, straight, premultiplied };

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

  /// EXIF's 1..8; 1 where nothing else is known.
  int value() const { return exif_.value_or(xmp_.value_or(1)); }

 private:
  std::optional<int> exif_;
  std::optional<int> xmp_;
};

/// A picture file as its own container describes it.
struct Container {
  std::string format;       ///< "JPEG", for messages
  std::int64_t width = 0;   ///< of the stored picture, before it is turned upright
  std::int64_t height = 0;  ///< likewise
  Orientation orientation;
  Alpha alpha = Alpha::none;      ///< of a decoded fourth channel
  bool white_is_zero = false;     ///< the decoder leaves grey values inverted
  std::optional<int> clear_grey;  ///< PNG: the grey value, in 8 or 16 bits as decoded, that is transparent
  /// The frame of an animation may be smaller than the canvas: its place there. Else empty.
  struct Canvas {
    std::int64_t width, height, x, y;
  };
  std::optional<Canvas> canvas;
  int jpeg_components = 0;           ///< of a JPEG: 1 grey, 3 colours, 4 CMYK
  std::vector<std::uint8_t> stream;  ///< what the decoder is given
};

// Each reads one format. Throws Error(corrupt | too_large | unsupported_format).
Container read_jpeg(Bytes file, double max_megapixels);
Container read_png(Bytes file, double max_megapixels);
Container read_webp(Bytes file, double max_megapixels);
Container read_bmp(Bytes file, double max_megapixels);
Container read_tiff(Bytes file, double max_megapixels);

/// Reads the format that the first bytes name. Throws Error(unsupported_format) naming what was found
/// instead.
Container read_container(Bytes file, double max_megapixels);

/// Throws Error(too_large) if the picture has more pixels than the limit or than OpenCV can hold,
/// Error(corrupt) if it has none.
void require_size(const std::string& format, std::int64_t width, std::int64_t height, double max_megapixels);

[[noreturn]] void fail_truncated(const std::string& format, const std::string& where);
[[noreturn]] void fail_damaged(const std::string& format, const std::string& what);
[[noreturn]] void fail_unsupported(const std::string& what);

// Numbers in files. The caller has checked the bounds.
inline std::uint32_t big16(Bytes b, std::size_t at) {
  return static_cast<std::uint32_t>(b[at] << 8 | b[at + 1]);
}
inline std::uint32_t big32(Bytes b, std::size_t at) {
  return big16(b, at) << 16 | big16(b, at + 2);
}
inline std::uint32_t little16(Bytes b, std::size_t at) {
  return static_cast<std::uint32_t>(b[at + 1] << 8 | b[at]);
}
inline std::uint32_t little24(Bytes b, std::size_t at) {
  return little16(b, at) | static_cast<std::uint32_t>(b[at + 2]) << 16;
}
inline std::uint32_t little32(Bytes b, std::size_t at) {
  return little16(b, at + 2) << 16 | little16(b, at);
}

/// Whether `text` stands at `at`.
inline bool has(Bytes b, std::size_t at, std::string_view text) {
  if (at > b.size() || b.size() - at < text.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (b[at + i] != static_cast<std::uint8_t>(text[i])) return false;
  }
  return true;
}

void append(std::vector<std::uint8_t>& to, Bytes bytes);
void append_little32(std::vector<std::uint8_t>& to, std::uint32_t value);

}  // namespace caption
