#include "cli/caption/sidecar_plan.h"

#include <unordered_map>
#include <utility>

#include "base/printable.h"
#include "caption/error.h"
#include "records/sidecars.h"

namespace caption::cli {
namespace fs = std::filesystem;

fs::path sidecar_file(const Input& input, const SidecarOptions& options) {
  if (!input.key.empty()) {
    throw Error(ErrorKind::usage,
                "'" + printable(input.name) +
                    "': a picture in an archive has no place for a sidecar beside it: use --output-tar");
  }
  return sidecar_of(options.folder ? *options.folder / input.below : input.file, *options.format);
}

SidecarPlan::SidecarPlan(const CaptionConfig& config, const InputSource& source,
                         const std::atomic<bool>& stop) {
  std::unordered_map<std::string, std::string> owners;  // sidecar -> picture
  while (std::optional<Input> input = source(stop)) {
    const fs::path file = sidecar_file(*input, config.sidecars);
    const auto [owner, is_new] = owners.emplace(file.lexically_normal().string(), input->name);
    if (!is_new) {
      throw Error(ErrorKind::usage, "'" + printable(owner->second) + "' and '" + printable(input->name) +
                                        "' would both have the sidecar '" + printable(file.string()) +
                                        "': nothing was written. Rename one, or caption them in two runs");
    }
    add(*std::move(input), file, config.sidecars);
  }
}

void SidecarPlan::add(Input input, const fs::path& file, const SidecarOptions& options) {
  std::error_code ignored;
  const bool exists = fs::exists(file, ignored);
  const bool skipped = exists && options.existing == Existing::skip;
  const char* what = "new";
  if (skipped) {
    what = "kept as it is";
  } else if (exists) {
    what = options.existing == Existing::append ? "appended to" : "overwritten";
  }
  if (options.dry_run) text_ += printable(input.name) + '\t' + printable(file.string()) + '\t' + what + '\n';
  if (skipped) {
    ++left_out_;
    return;
  }
  inputs_.push_back(std::move(input));
  files_.push_back(file);
}

}  // namespace caption::cli
