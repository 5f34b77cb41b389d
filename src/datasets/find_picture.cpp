#include "datasets/find_picture.h"

namespace caption {

namespace fs = std::filesystem;

std::optional<fs::path> find_picture(const fs::path& folder, const std::string& name) {
  std::error_code ignored;
  for (const fs::path& file : {folder / name, folder / fs::path(name).filename()})
    if (fs::is_regular_file(file, ignored)) return file;
  return std::nullopt;
}

}  // namespace caption
