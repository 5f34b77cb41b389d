#include "pipeline/opencv_library.h"

#include <dlfcn.h>

#include "caption/error.h"

namespace caption {
namespace {

const OpenCvLibrary* open_library() {
  const auto broken = [] {
    const char* reason = dlerror();
    return Error(ErrorKind::internal,
                 std::string("cannot load the part for images: ") + (reason != nullptr ? reason : "?") +
                     "; the installation is incomplete: build and install caption again");
  };
  // It lies beside the library that this is part of, where that one's search path leads. RTLD_LOCAL keeps the
  // BLAS that OpenCV brings from everybody else.
  void* library = dlopen(CAPTION_OPENCV_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw broken();
  void* symbol = dlsym(library, "caption_opencv_library");
  if (symbol == nullptr) throw broken();
  return reinterpret_cast<decltype(&caption_opencv_library)>(symbol)();
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
