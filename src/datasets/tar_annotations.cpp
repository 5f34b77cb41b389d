#include "datasets/tar_annotations.h"

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>

#include "caption/error.h"
#include "datasets/json_annotations.h"
#include "datasets/lines.h"
#include "inputs/tar_walk.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

void add_captions(const TarSample& sample, AnnotatedImage& image) {
  const auto text_of = [&](const char* extension) -> const TarMember* {
    for (const TarMember& member : sample.members)
      if (member.header.name == sample.key + extension) return &member;
    return nullptr;
  };
  const auto as_text = [](const TarMember& member) {
    return std::string(reinterpret_cast<const char*>(member.bytes.data()), member.bytes.size());
  };
  if (const TarMember* const text = text_of(".txt")) {
    image.captions = lines_of(as_text(*text));
  } else if (const TarMember* const json = text_of(".json")) {
    add_json_captions(as_text(*json), *image.archive / json->header.name, image);
  }
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
    add_captions(*input->sample, image);
  }
  if (images.empty()) throw Error(ErrorKind::usage, "'" + archive.string() + "' has no pictures", archive);
  return images;
}

}  // namespace caption
