#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "caption/error.h"
#include "image/animation.h"
#include "image/bytes.h"
#include "image/orientation.h"
#include "image/stored_picture.h"

// The containers around compressed pictures, read by ourselves: sizes before anything is decoded,
// orientation, alpha, and whether the file is whole. A decoder then gets a stream that holds only what the
// picture needs.

namespace caption {

/// What makes a picture of a container's stream. Those behind `opencv` read the file's header, too, and fill
/// in the rest of Container.
enum class Decoder { libjpeg, opencv, libtiff, heif, avif, jpeg_xl, jpeg_2000, raw, svg };

/// A picture file as its own container describes it.
struct Container {
  std::string format;       ///< "JPEG", for messages
  std::int64_t width = 0;   ///< of the stored picture, before it is turned upright
  std::int64_t height = 0;  ///< likewise
  Orientation orientation;
  Alpha alpha = Alpha::none;      ///< of a decoded fourth channel
  std::optional<int> clear_grey;  ///< PNG: the grey value, in 8 or 16 bits as decoded, that is transparent
  /// The frame of an animation may be smaller than the canvas: its place there. Else empty.
  struct Canvas {
    std::int64_t width, height, x, y;
  };
  std::optional<Canvas> canvas;
  Decoder decoder = Decoder::opencv;
  /// Of a JPEG: `unknown` where its end marker is missing and the blocks must tell, `no` where even parts
  /// are.
  enum class Whole { yes, unknown, no } whole = Whole::yes;
  std::vector<std::uint8_t> profile;     ///< an ICC profile; empty if there is none
  bool profile_is_packed = false;        ///< by zlib, as in PNG
  std::vector<std::uint8_t> stream;      ///< what the decoder is given
  std::optional<StoredPicture> picture;  ///< of simple formats, whose readers decode, too: needs no decoder
  std::vector<Layer> layers;             ///< instead, of an animation: from the first frame to the wanted one
  bool preview = false;                  ///< it is the preview in a camera's raw data
  double max_megapixels = 0;             ///< for decoders that read the file's header
  int frame = 0;                         ///< likewise: ImageOptions::frame
};

// Each reads one format, `frame` of it if it can have several. Throws Error(corrupt | too_large |
// unsupported_format), and Error(not_found) for a frame that is not there.
Container read_jpeg(Bytes file, double max_megapixels);
Container read_png(Bytes file, double max_megapixels, int frame = 0);
Container read_webp(Bytes file, double max_megapixels, int frame = 0);
Container read_bmp(Bytes file, double max_megapixels);
Container read_tiff(Bytes file, double max_megapixels, int frame = 0);
Container read_gif(Bytes file, double max_megapixels, int frame = 0);
Container read_icon(Bytes file, double max_megapixels);
Container read_icns(Bytes file, double max_megapixels);
Container read_netpbm(Bytes file, double max_megapixels);
Container read_psd(Bytes file, double max_megapixels);
Container read_qoi(Bytes file, double max_megapixels);
Container read_tga(Bytes file, double max_megapixels);

/// Of a format whose library reads the header, too.
Container for_library(const char* format, Decoder decoder, Bytes file, double max_megapixels, int frame = 0);

/// Whether it is a TGA, which has no signature: its header makes sense as one.
bool is_tga(Bytes file);

/// Reads the format that the first bytes name. Throws Error(unsupported_format) naming what was found
/// instead.
Container read_container(Bytes file, const ImageOptions& options);

/// Throws Error(too_large) if the picture has more pixels than the limit or than OpenCV can hold,
/// Error(corrupt) if it has none.
void require_size(const std::string& format, std::int64_t width, std::int64_t height, double max_megapixels);

[[noreturn]] void fail_truncated(const std::string& format, const std::string& where);
[[noreturn]] void fail_damaged(const std::string& format, const std::string& what);
[[noreturn]] void fail_unsupported(const std::string& what);

}  // namespace caption
