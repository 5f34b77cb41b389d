#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "image/opencv_library.h"

namespace caption {

/// Opens the library at the first call, which takes 50 ms; from any thread. Throws Error(internal) if it
/// cannot be opened.
const OpenCvLibrary& opencv_library();

/// Modules that decode pictures, a bit for each.
using DecoderSet = std::uint32_t;

/// Those that a file of this format may need, and colour profiles if they count.
DecoderSet modules_for(std::span<const std::byte> file_bytes, const ImageOptions& options);

/// Opens them, and has their libraries open what they need, as far as they are there: those that are not are
/// an error of the pictures that need them. Starts no threads.
void open_modules(DecoderSet modules);

/// Of modules that are open: they read now what they would read for their first picture, when there may be no
/// files any more. May start threads.
void warm_modules(DecoderSet modules);

/// Folders whose files modules that are open read all the same, when a picture needs them: those of fonts.
std::vector<std::filesystem::path> folders_read_by(DecoderSet modules);

/// decode_image with the modules that are there: OpenCV for all but JPEG files and what is decoded here, and
/// those of codecs.h, each opened when the first such file comes. Throws Error(unsupported_format) for a
/// format whose module this installation does not have, and std::bad_alloc.
RgbImage decode_here(std::span<const std::byte> file_bytes, const ImageOptions& options);

/// decode_here for JPEG and PNG files; others likewise in a box, see boxed_decode.h, if the options and the
/// system let us. Throws Error(too_large) if there is not enough memory.
RgbImage decode(std::span<const std::byte> file_bytes, const ImageOptions& options);

}  // namespace caption
