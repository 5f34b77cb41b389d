#pragma once

#include <memory>

#include "kernels/packed_store.h"
#include "model/packed_files.h"

namespace caption {

/// The matrices of a file, mapped and used where they lie: all processes that use them share one copy, and
/// nothing is read before it is needed.
///
/// Mapped, not copied into huge pages of our own, which would take time at each start and memory in every
/// process. A system that keeps files in large pieces (seen: Linux 6.18 with ext4) maps nearly all of one in
/// huge pages, and a decoding step takes as long as from a copy. From small pages it is read 1 % slower, and
/// up to 6 % from a file that lies scattered in physical memory.
///
/// What is not in the file, or does not fit into it, is packed as usual. Throws Error(model) if the file
/// cannot be mapped.
std::shared_ptr<PackedStore> open_packed(const FoundPacked& found);

}  // namespace caption
