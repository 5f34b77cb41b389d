#include "cli/caption/undescribed.h"

#include <utility>

#include "base/printable.h"
#include "caption/error.h"
#include "metadata/library.h"

namespace caption::cli {
namespace {

/// One that cannot be read will fail, or have its record, as a picture.
bool is_described(const std::filesystem::path& file) {
  try {
    return metadata_library().has_description(file);
  } catch (const Error& error) {
    if (!concerns_one_image(error.kind())) throw;
    return false;
  }
}

}  // namespace

Undescribed::Undescribed(const CaptionConfig& config, InputSource source, const std::atomic<bool>& stop)
    : options_(config.metadata),
      overwrite_(config.sidecars.existing == Existing::overwrite),
      source_(std::move(source)),
      first_(config.inputs.watch || config.sidecars.dry_run ? std::nullopt : search(stop)) {}

std::optional<Input> Undescribed::next(const std::atomic<bool>& stop) {
  return first_ ? std::exchange(first_, std::nullopt) : search(stop);
}

std::optional<Input> Undescribed::search(const std::atomic<bool>& stop) {
  while (std::optional<Input> input = source_(stop))
    if (!is_left_out(*input)) return input;
  return std::nullopt;
}

bool Undescribed::is_left_out(const Input& input) {
  if (!input.key.empty()) {
    throw Error(ErrorKind::usage,
                "'" + printable(input.name) +
                    "': the metadata of a picture in an archive cannot be written: use --output-tar");
  }
  const std::filesystem::path file = metadata_file(input.file, options_.place);
  const bool described = is_described(file);
  const char* what = "new";
  if (described) what = overwrite_ ? "overwritten" : "kept as it is";
  if (line_) line_(printable(input.name) + '\t' + printable(file.string()) + '\t' + what + '\n');
  if (!described || overwrite_) return false;
  ++left_out_;
  return true;
}

void Undescribed::print_plan(const std::function<void(const std::string&)>& line,
                             const std::atomic<bool>& stop) {
  line_ = line;
  while (search(stop)) {
  }
}

}  // namespace caption::cli
