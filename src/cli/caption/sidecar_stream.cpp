#include "cli/caption/sidecar_stream.h"

#include <utility>

#include "base/log.h"
#include "base/printable.h"
#include "cli/caption/sidecar_plan.h"

namespace caption::cli {

SidecarStream::SidecarStream(const SidecarOptions& options, InputSource source)
    : options_(options), source_(std::move(source)) {}

std::optional<Input> SidecarStream::next(const std::atomic<bool>& stop) {
  while (std::optional<Input> input = source_(stop)) {
    const std::filesystem::path file = sidecar_file(*input, options_);
    std::error_code ignored;
    if (is_anothers(file, input->name)) {
      ++refused_;
    } else if (options_.existing == Existing::skip && std::filesystem::exists(file, ignored)) {
      ++left_out_;
    } else {
      const std::scoped_lock lock(mutex_);
      files_.push_back(file);
      return input;
    }
  }
  return std::nullopt;
}

bool SidecarStream::is_anothers(const std::filesystem::path& file, const std::string& picture) {
  const auto [owner, is_new] = owners_.emplace(file.lexically_normal().string(), picture);
  if (is_new || owner->second == picture) return false;
  log::error("'" + printable(picture) + "' is left out: it would have the sidecar '" +
             printable(file.string()) + "', which is that of '" + printable(owner->second) + "'. Rename one");
  return true;
}

std::filesystem::path SidecarStream::next_file() {
  const std::scoped_lock lock(mutex_);
  std::filesystem::path file = std::move(files_.front());
  files_.pop_front();
  return file;
}

}  // namespace caption::cli
