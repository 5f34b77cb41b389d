#pragma once

#include <memory>

#include "kernels/packed_store.h"

namespace caption {

/// For models of which only the tensors are looked at: no matrix is packed or even read. Each knows its
/// sizes, and must not be multiplied with.
std::shared_ptr<PackedStore> sizes_of_matrices();

}  // namespace caption
