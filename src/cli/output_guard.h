#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "inputs/input.h"

namespace caption::cli {

/// An option that names a file to write.
struct OutputOption {
  std::string option;                         ///< "--output"
  std::optional<std::filesystem::path> file;  ///< nothing: it was not given
};

/// Throws Error(usage) if one of them would overwrite an input, a list, another's file, or any image: the
/// last happens when the option's value was forgotten (`caption --output *.jpg`).
void guard_outputs(const std::vector<OutputOption>& outputs, const InputOptions& inputs);

}  // namespace caption::cli
