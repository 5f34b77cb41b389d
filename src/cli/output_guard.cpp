#include "cli/output_guard.h"

#include <string>
#include <utility>
#include <vector>

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

/// An option and its file.
using Outputs = std::vector<std::pair<std::string, fs::path>>;

void guard(const Outputs& outputs, const InputOptions& inputs) {
  std::error_code ignored;
  for (auto later = outputs.begin(); later != outputs.end(); ++later) {
    guard(later->first, later->second, inputs);
    for (auto earlier = outputs.begin(); earlier != later; ++earlier) {
      if (!fs::is_character_file(earlier->second, ignored) && same_file(earlier->second, later->second)) {
        refuse(later->first, later->second, "is the file of " + earlier->first + ", too");
      }
    }
  }
}

}  // namespace

void guard_outputs(const CaptionConfig& config) {
  Outputs outputs;
  if (config.output) outputs.emplace_back("--output", *config.output);
  if (config.failed) outputs.emplace_back("--failed", *config.failed);
  if (config.html) outputs.emplace_back("--html", *config.html);
  guard(outputs, config.inputs);
}

void guard_outputs(const ExplainConfig& config) {
  Outputs outputs;
  if (config.html) outputs.emplace_back("--html", *config.html);
  if (config.png) outputs.emplace_back("--png", *config.png);
  guard(outputs, {.names = {config.image}});
}

}  // namespace caption::cli
