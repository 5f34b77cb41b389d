#pragma once

#include <string>

namespace caption::cli {

/// `caption --version`.
struct PrintVersion {
  bool verbose = false;  ///< the libraries and instruction sets, too; loads the engine
};

/// "caption 0.1.0 (commit 1234567)" and, if `verbose`, a line for each thing that the engine reports.
std::string version_text(const PrintVersion& request);

}  // namespace caption::cli
