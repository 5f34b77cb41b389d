#pragma once

#include "image/opencv_library.h"

namespace caption {

/// Opens the library at the first call, which takes 50 ms; from any thread. Throws Error(internal) if it
/// cannot be opened.
const OpenCvLibrary& opencv_library();

/// decode_image with OpenCV for all but the usual JPEG files.
RgbImage decode(std::span<const std::byte> file_bytes, const ImageOptions& options);

}  // namespace caption
