#include "datasets/tar_annotations.h"

#include <atomic>
#include <cstddef>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "caption/error.h"
#include "datasets/lines.h"
#include "inputs/tar_walk.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

using Json = nlohmann::json;

std::vector<std::string> captions_of_json(const std::string& text, const std::string& where) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) throw Error(ErrorKind::usage, "cannot read '" + where + "': it is no JSON object");
  std::vector<std::string> captions;
  for (const char* field : {"captions", "caption"}) {
    const auto found = json.find(field);
    if (found == json.end() || found->is_null()) continue;
    for (const Json& caption : found->is_array() ? *found : Json::array({*found})) {
      if (!caption.is_string())
        throw Error(ErrorKind::usage, "cannot read '" + where + "': its " + field + " is no text");
      captions.push_back(caption.get<std::string>());
    }
    break;
  }
  return captions;
}

std::vector<std::string> captions_of(const TarSample& sample, const fs::path& archive) {
  const auto text_of = [&](const char* extension) -> const TarMember* {
    for (const TarMember& member : sample.members)
      if (member.header.name == sample.key + extension) return &member;
    return nullptr;
  };
  const auto as_text = [](const TarMember& member) {
    return std::string(reinterpret_cast<const char*>(member.bytes.data()), member.bytes.size());
  };
  if (const TarMember* const text = text_of(".txt")) return lines_of(as_text(*text));
  if (const TarMember* const json = text_of(".json"))
    return captions_of_json(as_text(*json), (archive / json->header.name).string());
  return {};
}

}  // namespace

std::vector<AnnotatedImage> read_tar_annotations(const fs::path& archive) {
  const Patterns all;
  const std::atomic<bool> never = false;
  TarWalk walk(archive.string(), all, TarContents::samples);
  std::vector<AnnotatedImage> images;
  while (const auto input = walk.next(never)) {
    if (!input->sample) {  // the archive itself
      try {
        input->bytes();
      } catch (const Error& error) {
        throw Error(ErrorKind::usage, "cannot read '" + archive.string() + "': " + error.what(), archive);
      }
    }
    if (input->only_passes()) continue;
    AnnotatedImage& image = images.emplace_back();
    image.name = input->name;
    image.archive = archive;
    image.captions = captions_of(*input->sample, archive);
  }
  if (images.empty()) throw Error(ErrorKind::usage, "'" + archive.string() + "' has no pictures", archive);
  return images;
}

}  // namespace caption
