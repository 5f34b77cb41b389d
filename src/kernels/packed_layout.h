#pragma once

#include <string_view>

namespace caption {

/// Names how `pack_weights` lays matrices out and rounds them. Packed matrices that were kept under another
/// name are packed again: give it another number with every change of the layout, of the rounding, of how a
/// layer's matrix is computed from the tensors in a file, or of the texts of `origin_of`, under which they
/// are kept. The processor is not part of it, as all instruction sets take the same layout.
inline constexpr std::string_view kPackedLayout = "columns of 16 outputs, 3";

}  // namespace caption
