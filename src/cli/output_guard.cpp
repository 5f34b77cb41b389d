#include "cli/output_guard.h"

#include "caption/error.h"
#include "cli/image_names.h"

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

void guard_outputs(const CaptionConfig& config) {
  if (config.output) guard("--output", *config.output, config.inputs);
  if (config.failed) guard("--failed", *config.failed, config.inputs);
  std::error_code ignored;
  if (config.output && config.failed && !fs::is_character_file(*config.output, ignored) &&
      same_file(*config.output, *config.failed)) {
    refuse("--failed", *config.failed, "is the file of --output, too");
  }
}

}  // namespace caption::cli
