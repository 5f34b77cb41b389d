#include "image/open_opencv.h"

#include "base/shared_library.h"
#include "caption/error.h"

namespace caption {
namespace {

const OpenCvLibrary* open_library() {
  std::string reason;
  const OpenCvLibrary* const library = from_library<decltype(&caption_opencv_library)>(
      library_path("libcaption_opencv.so"), "caption_opencv_library", reason);
  if (library != nullptr) return library;
  throw Error(ErrorKind::internal, "cannot load the part for images: " + reason +
                                       "; the installation is incomplete: build and install caption again");
}

StoredPicture decode_others(const Container& container) {
  return opencv_library().decode(container);
}

}  // namespace

const OpenCvLibrary& opencv_library() {
  static const OpenCvLibrary* const library = open_library();
  return *library;
}

RgbImage decode(std::span<const std::byte> file_bytes, const ImageOptions& options) {
  return decode_image(file_bytes, options, decode_others);
}

}  // namespace caption
