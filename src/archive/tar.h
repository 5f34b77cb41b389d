#pragma once

#include "tar/library.h"

namespace caption {

/// ArchiveLibrary::write_tar
void write_tar(const std::vector<ArchiveFile>& files, const ArchiveLibrary::Write& write);
/// ArchiveLibrary::read
void read_tar(const std::filesystem::path& file, ArchiveSink& sink);

}  // namespace caption
