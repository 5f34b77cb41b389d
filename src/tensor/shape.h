#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace caption {

/// Sizes of a tensor's dimensions, or its strides in elements.
using Shape = std::vector<std::int64_t>;

/// "[768, 3, 32, 32]"
std::string to_string(std::span<const std::int64_t> shape);

}  // namespace caption
