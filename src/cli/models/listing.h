#pragma once

#include <filesystem>
#include <string>

#include "files/output.h"
#include "model/manifest.h"

namespace caption::cli {

/// `caption models list`: the installed models by name, as text or JSON; on stderr how to get the best one.
void write_list(bool json, Output& output);

/// What `caption models show` says of a bundle: a line for each thing.
std::string describe(const Manifest& manifest, const std::filesystem::path& folder);

}  // namespace caption::cli
