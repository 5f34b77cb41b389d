#include "image/open_opencv.h"

#include "base/shared_library.h"

namespace caption {
namespace {

StoredPicture decode_others(const Container& container) {
  return opencv_library().decode(container);
}

}  // namespace

const OpenCvLibrary& opencv_library() {
  static const OpenCvLibrary& library = from_module<decltype(&caption_opencv_library)>(
      "libcaption_opencv.so", "caption_opencv_library", "images");
  return library;
}

RgbImage decode(std::span<const std::byte> file_bytes, const ImageOptions& options) {
  return decode_image(file_bytes, options, decode_others);
}

}  // namespace caption
