#include "model/registry.h"

#include <algorithm>
#include <cstdlib>
#include <set>

namespace caption {
namespace {

namespace fs = std::filesystem;

bool is_bundle(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_regular_file(folder / "model.json", ignored);
}

}  // namespace

std::vector<fs::path> model_folders(const fs::path& program_models) {
  std::vector<fs::path> folders;
  if (const char* list = std::getenv("CAPTION_MODELS"); list != nullptr) {
    std::string rest = list;
    while (!rest.empty()) {
      const std::size_t colon = std::min(rest.find(':'), rest.size());
      if (colon != 0) folders.emplace_back(rest.substr(0, colon));
      rest.erase(0, colon + 1);
    }
  }
  if (const fs::path own = user_models(); !own.empty()) folders.push_back(own);
  folders.push_back(program_models);
  return folders;
}

fs::path user_models() {
  const char* data = std::getenv("XDG_DATA_HOME");
  // The XDG base directory specification: a relative path is invalid and is to be ignored.
  if (data != nullptr && data[0] == '/') return fs::path(data) / "caption" / "models";
  const char* home = std::getenv("HOME");
  if (home != nullptr && home[0] != '\0') return fs::path(home) / ".local" / "share" / "caption" / "models";
  return {};
}

fs::path user_cache() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && cache[0] == '/') return fs::path(cache) / "caption";
  const char* home = std::getenv("HOME");
  if (home != nullptr && home[0] == '/') return fs::path(home) / ".cache" / "caption";
  return {};
}

std::vector<FoundModel> list_models(const std::vector<fs::path>& folders) {
  std::vector<FoundModel> models;
  std::set<std::string> names;
  for (const fs::path& folder : folders) {
    std::error_code unreadable;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, unreadable)) {
      const std::string name = entry.path().filename().string();
      if (name[0] != '.' && is_bundle(entry.path()) && names.insert(name).second)
        models.push_back({name, entry.path()});
    }
  }
  std::sort(models.begin(), models.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return models;
}

std::string without_alias(const std::string& name) {
  return name == "conceptual-captions" ? "conceptual" : name;
}

bool is_model_name(const std::string& text) {
  return !text.empty() && text.find('/') == std::string::npos && text != "." && text != "..";
}

std::optional<fs::path> find_model(const std::string& name_or_folder, const std::vector<fs::path>& folders) {
  if (is_bundle(name_or_folder)) return name_or_folder;
  if (!is_model_name(name_or_folder)) return std::nullopt;
  // A model that really has an alias for its name comes first.
  for (const std::string& candidate : {name_or_folder, without_alias(name_or_folder)}) {
    for (const fs::path& folder : folders) {
      if (is_bundle(folder / candidate)) return folder / candidate;
    }
  }
  return std::nullopt;
}

}  // namespace caption
