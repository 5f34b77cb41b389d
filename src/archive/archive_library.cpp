#include "model/archive_library.h"

#include "archive/tar.h"

const caption::ArchiveLibrary* caption_archive_library() {
  static constexpr caption::ArchiveLibrary kLibrary = {.write_tar = &caption::write_tar,
                                                       .read = &caption::read_tar};
  return &kLibrary;
}
