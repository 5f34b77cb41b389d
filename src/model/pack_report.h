#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace caption {

/// What packing a bundle once and for all has brought.
struct PackReport {
  std::filesystem::path file;
  std::string precision;    ///< "fp32", "bf16" or "int8"
  std::uint64_t bytes = 0;  ///< of the file
  double packing_ms = 0;    ///< what loading the model took while it was packed
  double loading_ms = 0;    ///< what it takes now
};

}  // namespace caption
