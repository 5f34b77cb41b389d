#include "cli/output_guard.h"

#include <string>

#include "caption/error.h"
#include "inputs/image_names.h"

namespace caption::cli {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const std::string& option, const fs::path& file, const std::string& why) {
  throw Error(ErrorKind::usage, option + " '" + file.string() + "' " + why + ": give another file", file);
}

bool same_file(const fs::path& a, const fs::path& b) {
  std::error_code ignored;
  return fs::equivalent(a, b, ignored) ||
         fs::absolute(a).lexically_normal() == fs::absolute(b).lexically_normal();
}

void guard(const std::string& option, const fs::path& file, const InputOptions& inputs) {
  std::error_code ignored;
  // Devices and pipes keep nothing that could be lost.
  if (!fs::is_regular_file(file, ignored)) return;
  if (has_image_extension(file.string())) refuse(option, file, "is an image and would be overwritten");
  if (inputs.files_from && same_file(file, *inputs.files_from))
    refuse(option, file, "is the list of --files-from");
  for (const std::string& name : inputs.names) {
    if (fs::equivalent(file, name, ignored)) refuse(option, file, "is an input");
  }
}

}  // namespace

void guard_outputs(const std::vector<OutputOption>& outputs, const InputOptions& inputs) {
  std::error_code ignored;
  for (auto later = outputs.begin(); later != outputs.end(); ++later) {
    if (!later->file) continue;
    guard(later->option, *later->file, inputs);
    for (auto earlier = outputs.begin(); earlier != later; ++earlier) {
      if (!earlier->file || fs::is_character_file(*earlier->file, ignored)) continue;
      if (!same_file(*earlier->file, *later->file)) continue;
      refuse(later->option, *later->file, "is the file of " + earlier->option + ", too");
    }
  }
}

}  // namespace caption::cli
