#pragma once

#include "image/bytes.h"

namespace caption {

/// What a picture file is, as far as its first bytes tell.
enum class Format {
  jpeg,
  png,
  webp,
  bmp,
  tiff,
  gif,
  avif,
  heic,
  jpeg_xl,
  jpeg_2000,
  raw,  ///< of a camera, but for those that begin as a TIFF
  psd,
  qoi,
  icon,  ///< of Windows
  icns,  ///< of macOS
  netpbm,
  tga,
  svg,
  unknown
};

/// Looks at the file's first bytes alone.
Format format_of(Bytes file);

}  // namespace caption
