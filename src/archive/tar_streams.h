#pragma once

#include "tar/library.h"

namespace caption {

/// ArchiveLibrary::open_reader
std::unique_ptr<TarReader> open_tar_reader(int descriptor);
/// ArchiveLibrary::open_writer
std::unique_ptr<TarWriter> open_tar_writer(ArchiveLibrary::Write write);

}  // namespace caption
