#include "fetch/plan.h"

#include <algorithm>

#include "caption/error.h"
#include "fetch/address.h"
#include "model/manifest.h"
#include "model/registry.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

/// A file of an installed model that has this hash by its model.json.
std::vector<std::string> installed_copies(const PublishedFile& file,
                                          const std::vector<fs::path>& model_folders) {
  std::vector<std::string> copies;
  if (file.sha256.empty()) return copies;
  for (const FoundModel& model : list_models(model_folders)) {
    try {
      for (const Manifest::File& entry : read_manifest(model.folder).files) {
        if (entry.sha256 == file.sha256) copies.push_back((model.folder / entry.name).string());
      }
    } catch (const Error&) {  // a damaged one has nothing to give
    }
  }
  return copies;
}

std::vector<std::string> published_sources(const PublishedFile& file, const FetchSources& sources) {
  std::vector<std::string> result = installed_copies(file, sources.model_folders);
  const std::vector<std::string>& first = sources.mirrors_first ? file.mirrors : file.addresses;
  const std::vector<std::string>& second = sources.mirrors_first ? file.addresses : file.mirrors;
  result.insert(result.end(), first.begin(), first.end());
  result.insert(result.end(), second.begin(), second.end());
  return result;
}

/// Where `file` is according to `from`; empty if that is about another file.
std::string place_in(const std::string& from, const PublishedFile& file) {
  if (is_web_address(from)) {
    if (from.ends_with('/')) return from + file.name;
    return file_name_of(from) == file.name ? from : "";
  }
  std::error_code ignored;
  if (!fs::is_directory(from, ignored))
    return fs::path(from).filename() == file.name && fs::exists(from, ignored) ? from : "";
  const fs::path inside = fs::path(from) / file.name;
  if (fs::exists(inside, ignored)) return inside.string();
  throw Error(ErrorKind::usage, "the folder '" + from + "' has no " + file.name, from);
}

}  // namespace

std::vector<PlannedFile> plan_fetch(const Published& published, const PublishedModel& model,
                                    const FetchSources& sources) {
  std::vector<PlannedFile> plan = {{published.file(model.clip), {}}, {published.file(model.captioner), {}}};
  for (const std::string& from : sources.from) {
    bool any = false;
    for (PlannedFile& file : plan) {
      const std::string place = place_in(from, file.published);
      if (place.empty()) continue;
      file.sources.push_back(place);
      any = true;
    }
    if (any) continue;
    throw Error(ErrorKind::usage,
                "'" + from + "' is neither a folder that is there, nor an address that ends with '/', nor " +
                    model.clip + " or " + model.captioner);
  }
  for (PlannedFile& file : plan) {
    if (file.sources.empty()) file.sources = published_sources(file.published, sources);
  }
  return plan;
}

}  // namespace caption
