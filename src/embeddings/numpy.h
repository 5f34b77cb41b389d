#pragma once

#include <cstddef>
#include <string>

namespace caption {

/// Bytes before the values of a file of NumPy's, whatever the number of rows.
inline constexpr std::size_t kNumpyHead = 128;

/// Those bytes, for fp32 values [rows, width] (numpy.lib.format, version 1.0).
std::string numpy_head(std::size_t rows, std::size_t width);

}  // namespace caption
