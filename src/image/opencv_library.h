#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "caption/api.h"
#include "caption/explanation.h"
#include "image/image.h"
#include "image/stored_picture.h"

namespace caption {

/// Any picture that read_container has read. Throws Error(corrupt | too_large).
StoredPicture decode_by_opencv(Container& container);

/// What needs OpenCV, as a table of functions: it lives in a shared library of its own, as opening OpenCV's
/// codecs takes 50 ms (Debian's bring 140 libraries), and most runs see nothing but JPEG files.
struct OpenCvLibrary {
  PictureDecoder decode;  ///< decode_by_opencv
  /// encode_thumbnail, encode_square: JPEG files' bytes
  std::vector<std::byte> (*encode_thumbnail)(const RgbImage& image, int longest);
  std::vector<std::byte> (*encode_square)(const RgbImage& image, int side, Fit fit);
  /// encode_heat_map, encode_contact_sheet: PNG files' bytes
  std::vector<std::byte> (*encode_heat_map)(std::span<const double> heat, int cells, int side);
  std::vector<std::byte> (*encode_contact_sheet)(const RgbImage& image, const Explanation& explanation);
  std::string (*version)();  ///< as a line "opencv VERSION"
};

}  // namespace caption

/// The library's one entry point.
extern "C" CAPTION_API const caption::OpenCvLibrary* caption_opencv_library();
