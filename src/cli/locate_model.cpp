#include "cli/locate_model.h"

#include <algorithm>
#include <vector>

#include "base/log.h"
#include "caption/error.h"
#include "cli/installation.h"
#include "cli/suggestions.h"
#include "model/registry.h"

namespace caption::cli {
namespace {

constexpr const char* kBest = "conceptual";
constexpr const char* kDemo = "demo";

std::vector<std::string> known_names(const std::vector<std::filesystem::path>& folders) {
  std::vector<std::string> names = {kBest};
  for (const FoundModel& model : list_models(folders)) names.push_back(model.name);
  return names;
}

}  // namespace

std::filesystem::path locate_model(const std::string& name_or_folder) {
  const std::vector<std::filesystem::path> folders = model_folders(find_installation().models);
  try {
    return find_model(name_or_folder, folders);
  } catch (const Error& error) {
    const std::vector<std::string> names = known_names(folders);
    const bool misspelt = std::find(names.begin(), names.end(), name_or_folder) == names.end();
    if (error.kind() != ErrorKind::model || !misspelt) throw;
    const std::string suggestion = did_you_mean(name_or_folder, names);
    throw Error(error.kind(), error.what() + (suggestion.empty() ? "" : "\n" + suggestion.substr(1)),
                error.path());
  }
}

std::filesystem::path locate_default_model() {
  const std::vector<std::filesystem::path> folders = model_folders(find_installation().models);
  const std::vector<FoundModel> models = list_models(folders);
  const auto find = [&](const char* name) {
    return std::find_if(models.begin(), models.end(),
                        [&](const FoundModel& model) { return model.name == name; });
  };
  if (const auto best = find(kBest); best != models.end()) return best->folder;
  if (const auto demo = find(kDemo); demo != models.end()) {
    log::info(std::string("using the demo model, since '") + kBest +
              "' is not installed ('caption models list' says how to get it)");
    return demo->folder;
  }
  return find_model(kBest, folders);
}

}  // namespace caption::cli
