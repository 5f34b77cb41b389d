#pragma once

#include "image/opencv_library.h"

namespace caption {

/// Opens the library at the first call, which takes 50 ms; from any thread. Throws Error(internal) if it
/// cannot be opened.
const OpenCvLibrary& opencv_library();

/// decode_image with the modules that are there: OpenCV for all but JPEG files and what is decoded here, and
/// those of codecs.h, each opened when the first such file comes. Throws Error(unsupported_format) for a
/// format whose module this installation does not have.
RgbImage decode(std::span<const std::byte> file_bytes, const ImageOptions& options);

}  // namespace caption
