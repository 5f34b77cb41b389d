#include "datasets/folder_annotations.h"

#include <string>

#include "base/log.h"
#include "caption/error.h"
#include "datasets/lines.h"
#include "datasets/text_file.h"
#include "inputs/folder_walk.h"

namespace caption {

namespace fs = std::filesystem;

std::vector<AnnotatedImage> read_folder_annotations(const fs::path& folder) {
  LeftOut left_out;
  const Patterns all;
  FolderWalk walk(
      folder.string(), true, all, [](const std::string& message) { log::warning(message); }, left_out);
  std::vector<AnnotatedImage> images;
  while (const auto file = walk.next()) {
    AnnotatedImage& image = images.emplace_back();
    image.name = file->below;
    const fs::path text = fs::path(file->name).replace_extension(".txt");
    std::error_code ignored;
    if (!fs::is_regular_file(text, ignored)) continue;
    image.captions = lines_of(read_text_file(text));
  }
  if (images.empty()) throw Error(ErrorKind::usage, "'" + folder.string() + "' has no pictures", folder);
  return images;
}

}  // namespace caption
