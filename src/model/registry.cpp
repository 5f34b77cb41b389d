#include "model/registry.h"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "caption/error.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

bool is_bundle(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_regular_file(folder / "model.json", ignored);
}

std::string without_alias(const std::string& name) {
  return name == "conceptual-captions" ? "conceptual" : name;
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

fs::path find_model(const std::string& name_or_folder, const std::vector<fs::path>& folders) {
  if (is_bundle(name_or_folder)) return name_or_folder;
  const std::string name = without_alias(name_or_folder);
  const bool is_name = !name.empty() && name.find('/') == std::string::npos && name != "." && name != "..";
  if (is_name) {
    // A model that really has an alias for its name comes first.
    for (const std::string& candidate : {name_or_folder, name}) {
      for (const fs::path& folder : folders) {
        if (is_bundle(folder / candidate)) return folder / candidate;
      }
    }
  }
  std::string message = "no model '" + name_or_folder + "': ";
  if (!is_name) {
    message += "the folder holds no model.json";
  } else {
    message += "not found in";
    for (const fs::path& folder : folders) message += "\n  " + folder.string();
    message += "\n" + how_to_get(name);
  }
  message += "\ninstalled models:";
  for (const FoundModel& model : list_models(folders)) message += " " + model.name;
  throw Error(ErrorKind::model, message);
}

std::string how_to_get(const std::string& name) {
  struct Published {
    const char* name;
    const char* clip;
    const char* captioner;
    const char* where;
  };
  static constexpr Published kPublished[] = {
      {"conceptual", "ViT-B-32.pt", "conceptual_weights.pt",
       "Google Drive id 14pXWwB4Zm82rsDdvbGguLfx9F8aM7ovT, or "
       "huggingface.co/akhaliq/CLIP-prefix-captioning-conceptual-weights"},
      {"coco", "ViT-B-32.pt", "coco_weights.pt",
       "Google Drive id 1IdaBtMSvtyzF0ByVaBHtvM0JYSXRExRX, or "
       "huggingface.co/akhaliq/CLIP-prefix-captioning-COCO-weights"},
      {"coco-transformer", "RN50x4.pt", "transformer_weights.pt",
       "Google Drive id 1GYPToCqFREwi285wPLhuVExlz7DDUDfJ"},
  };
  for (const Published& model : kPublished) {
    if (name != model.name) continue;
    return std::string("to get it: download ") + model.clip + " (openaipublic.azureedge.net/clip/models/" +
           (std::string(model.clip) == "RN50x4.pt"
                ? "7e526bd135e493cef0776de27d5f42653e6b4c8bf9e0f653bb11773263205fdd/"
                : "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af/") +
           model.clip + ")\n  and " + model.captioner + " (" + model.where +
           "), then run\n  caption models import --clip " + model.clip + " --captioner " + model.captioner +
           " --name " + model.name;
  }
  return "to make a model of your own files: caption models import --clip FILE --captioner FILE --name " +
         name;
}

}  // namespace caption
