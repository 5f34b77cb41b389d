#pragma once

#include <string>

namespace caption {

/// Versions of the libraries and the instruction set in use, "name value" lines.
std::string library_versions();

}  // namespace caption
