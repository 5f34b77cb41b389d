#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace caption {

/// Where bundles are searched by name, in this order: the folders of $CAPTION_MODELS (separated by ':'),
/// $XDG_DATA_HOME/caption/models (or ~/.local/share/caption/models), and the models beside the program
/// (`program_models`, PREFIX/share/caption/models).
std::vector<std::filesystem::path> model_folders(const std::filesystem::path& program_models);

/// The user's own folder of models, where `caption models import` writes; empty if neither XDG_DATA_HOME nor
/// HOME is set.
std::filesystem::path user_models();

/// The user's own folder for what can be made or fetched again: $XDG_CACHE_HOME/caption or ~/.cache/caption;
/// empty if neither is set.
std::filesystem::path user_cache();

/// One bundle that was found.
struct FoundModel {
  std::string name;  ///< the folder's name: what --model takes
  std::filesystem::path folder;
};

/// All bundles in `folders`, by name; of two with one name the first found counts.
std::vector<FoundModel> list_models(const std::vector<std::filesystem::path>& folders);

/// Whether `text` can be a model's name; else it can only be a folder.
bool is_model_name(const std::string& text);

/// "conceptual" for its alias "conceptual-captions"; any other name as it is.
std::string without_alias(const std::string& name);

/// The folder of `name_or_folder`: a folder that holds model.json, or a name (or alias) in `folders`. Nothing
/// if there is none.
std::optional<std::filesystem::path> find_model(const std::string& name_or_folder,
                                                const std::vector<std::filesystem::path>& folders);

}  // namespace caption
