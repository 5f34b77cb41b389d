#include "tar/library.h"
#include "base/shared_library.h"

namespace caption {

const ArchiveLibrary& archive_library() {
  static const ArchiveLibrary& library = from_module<decltype(&caption_archive_library)>(
      "libcaption_archive.so", "caption_archive_library", "archives");
  return library;
}

}  // namespace caption
