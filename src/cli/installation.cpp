#include "cli/installation.h"

#include "caption/error.h"

namespace caption::cli {

Installation find_installation() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) {
    throw Error(ErrorKind::internal, "cannot tell where the program is: /proc/self/exe: " + error.message());
  }
  const std::filesystem::path prefix = program.parent_path().parent_path();
  const std::filesystem::path models = prefix / "share" / "caption" / "models";
  return {models, models / "gpt2", models / "clip" / "merges.txt", models / "published.json"};
}

}  // namespace caption::cli
