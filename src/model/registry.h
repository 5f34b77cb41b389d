#pragma once

#include <filesystem>
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

/// One bundle that was found.
struct FoundModel {
  std::string name;  ///< the folder's name: what --model takes
  std::filesystem::path folder;
};

/// All bundles in `folders`, by name; of two with one name the first found counts.
std::vector<FoundModel> list_models(const std::vector<std::filesystem::path>& folders);

/// The folder of `name_or_folder`: a folder that holds model.json, or a name (or alias: "conceptual-captions"
/// is "conceptual") in `folders`. Throws Error(model) that says where it looked, what there is, and how to
/// get it.
std::filesystem::path find_model(const std::string& name_or_folder,
                                 const std::vector<std::filesystem::path>& folders);

/// How to get the model `name`: where to download a published one, how to import one of your own.
std::string how_to_get(const std::string& name);

}  // namespace caption
