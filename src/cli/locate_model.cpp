#include "cli/locate_model.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/log.h"
#include "caption/error.h"
#include "cli/installation.h"
#include "cli/suggestions.h"
#include "model/published.h"
#include "model/registry.h"

namespace caption::cli {
namespace {

constexpr const char* kBest = "conceptual";
constexpr const char* kEmbedded = "photographs";

std::vector<std::string> known_names(const std::vector<std::filesystem::path>& folders) {
  std::vector<std::string> names = {kBest};
  for (const FoundModel& model : list_models(folders)) names.push_back(model.name);
  return names;
}

/// Why there is no model of that name or folder, and what to do.
Error no_model(const std::string& name_or_folder, const std::vector<std::filesystem::path>& folders) {
  std::string message = "no model '" + name_or_folder + "': ";
  if (!is_model_name(name_or_folder)) {
    message += "the folder holds no model.json";
  } else {
    message += "not found in";
    for (const std::filesystem::path& folder : folders) message.append("\n  ").append(folder.string());
    message += "\n" + how_to_get(without_alias(name_or_folder));
  }
  message += "\ninstalled models:";
  for (const FoundModel& model : list_models(folders)) message += " " + model.name;
  const std::vector<std::string> names = known_names(folders);
  if (std::find(names.begin(), names.end(), name_or_folder) == names.end()) {
    const std::string suggestion = did_you_mean(name_or_folder, names);
    if (!suggestion.empty()) message += "\n" + suggestion.substr(1);
  }
  return {ErrorKind::model, message};
}

}  // namespace

std::filesystem::path locate_model(const std::string& name_or_folder) {
  const std::vector<std::filesystem::path> folders = model_folders(find_installation().models);
  const std::optional<std::filesystem::path> found = find_model(name_or_folder, folders);
  if (!found) throw no_model(name_or_folder, folders);
  return *found;
}

std::filesystem::path locate_default_model() {
  const std::vector<std::filesystem::path> folders = model_folders(find_installation().models);
  const std::vector<FoundModel> models = list_models(folders);
  const auto find = [&](const char* name) {
    return std::find_if(models.begin(), models.end(),
                        [&](const FoundModel& model) { return model.name == name; });
  };
  if (const auto best = find(kBest); best != models.end()) return best->folder;
  if (const auto embedded = find(kEmbedded); embedded != models.end()) {
    log::info(std::string("using the small embedded model '") + kEmbedded + "', since '" + kBest +
              "' is not installed ('caption models list' says how to get it)");
    return embedded->folder;
  }
  throw no_model(kBest, folders);
}

std::string how_to_get(const std::string& name) {
  const std::filesystem::path published = find_installation().published;
  if (!std::filesystem::exists(published))
    return "the program's own files are not where they should be: build and install caption again";
  if (read_published(published).find_model(name) != nullptr) return "to get it: caption models fetch " + name;
  return "to make a model of your own files: caption models import --clip FILE --captioner FILE --name " +
         name;
}

}  // namespace caption::cli
