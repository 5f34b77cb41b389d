#pragma once

#include <filesystem>
#include <string>

namespace caption::cli {

/// The folder of the model that `--model` or `caption models` names; a near miss is suggested. Throws
/// Error(model).
std::filesystem::path locate_model(const std::string& name_or_folder);

/// Without --model: "conceptual", the published advice, if it is installed; else "photographs", with a line
/// on stderr that says so and how to get the other. Throws Error(model) if there is neither.
std::filesystem::path locate_default_model();

/// How to get the model `name`: the command that fetches a published one, or imports one of your own.
std::string how_to_get(const std::string& name);

}  // namespace caption::cli
