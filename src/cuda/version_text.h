#pragma once

#include <string>

namespace caption::cuda {

/// A version as CUDA's runtime and driver tell it: 13020 -> "13.2"
inline std::string version_text(long version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

/// As cuDNN tells its own: 92600 -> "9.26.0"
inline std::string cudnn_version_text(long version) {
  return std::to_string(version / 10000) + "." + std::to_string(version % 10000 / 100) + "." +
         std::to_string(version % 100);
}

}  // namespace caption::cuda
