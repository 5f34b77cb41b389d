#include "archive/tar.h"
#include "archive/tar_streams.h"
#include "tar/library.h"

const caption::ArchiveLibrary* caption_archive_library() {
  static constexpr caption::ArchiveLibrary kLibrary = {.write_tar = &caption::write_tar,
                                                       .read = &caption::read_tar,
                                                       .open_reader = &caption::open_tar_reader,
                                                       .open_writer = &caption::open_tar_writer};
  return &kLibrary;
}
