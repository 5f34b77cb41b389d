#pragma once

#include <span>

namespace caption {

/// The cosine between two embeddings [D]; 0 if one is all zeros.
double cosine(std::span<const float> a, std::span<const float> b);

}  // namespace caption
