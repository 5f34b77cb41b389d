#include "cli/caption/sidecar_stream.h"

#include <functional>
#include <utility>

#include "base/log.h"
#include "base/printable.h"

namespace caption::cli {

SidecarStream::SidecarStream(const SidecarOptions& options, InputSource source)
    : options_(options), source_(std::move(source)) {}

std::optional<PlannedSidecar> SidecarStream::next(const std::atomic<bool>& stop) {
  while (std::optional<Input> input = source_(stop)) {
    std::filesystem::path file = sidecar_file(*input, options_);
    std::error_code ignored;
    if (is_anothers(file, input->name)) {
      ++refused_;
    } else if (options_.existing == Existing::skip && std::filesystem::exists(file, ignored)) {
      ++left_out_;
    } else {
      return PlannedSidecar{*std::move(input), std::move(file)};
    }
  }
  return std::nullopt;
}

bool SidecarStream::is_anothers(const std::filesystem::path& file, const std::string& picture) {
  const std::hash<std::string> hash;
  const auto [owner, is_new] = owners_.emplace(hash(file.lexically_normal().string()), hash(picture));
  if (is_new || owner->second == hash(picture)) return false;
  log::error("'" + printable(picture) + "' is left out: it would have the sidecar '" +
             printable(file.string()) + "', which is that of a picture before it. Rename one");
  return true;
}

}  // namespace caption::cli
