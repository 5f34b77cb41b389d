#include "metadata/library.h"

#include "base/shared_library.h"

namespace caption {

const MetadataLibrary& metadata_library() {
  static const MetadataLibrary& library = from_module<decltype(&caption_metadata_library)>(
      "libcaption_exiv2.so", "caption_metadata_library", "metadata");
  return library;
}

}  // namespace caption
