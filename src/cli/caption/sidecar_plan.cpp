#include "cli/caption/sidecar_plan.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/printable.h"
#include "caption/error.h"
#include "records/sidecars.h"

namespace caption::cli {
namespace {

namespace fs = std::filesystem;

/// What becomes of a picture's sidecar.
enum class Fate : char { fresh = 'n', kept = 'k', appended = 'a', overwritten = 'o' };

const char* fate_text(Fate fate) {
  switch (fate) {
    case Fate::kept:
      return "kept as it is";
    case Fate::appended:
      return "appended to";
    case Fate::overwritten:
      return "overwritten";
    case Fate::fresh:
      break;
  }
  return "new";
}

Fate fate_of(const fs::path& file, Existing existing) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return Fate::fresh;
  if (existing == Existing::skip) return Fate::kept;
  return existing == Existing::append ? Fate::appended : Fate::overwritten;
}

/// As the spool has it: names hold no NUL.
struct Picture {
  Fate fate;
  std::string name;
  std::string file;

  std::string packed() const { return static_cast<char>(fate) + name + '\0' + file; }
  static Picture unpacked(const std::string& text) {
    const std::size_t end = text.find('\0');
    return {static_cast<Fate>(text.front()), text.substr(1, end - 1), text.substr(end + 1)};
  }
};

std::uint64_t hash_of(const fs::path& file) {
  return std::hash<std::string>()(file.lexically_normal().string());
}

}  // namespace

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
  while (const std::optional<Input> input = source(stop))
    add(*input, sidecar_file(*input, config.sidecars), config.sidecars);
  pictures_.rewind();
  refuse_shared();
}

void SidecarPlan::add(const Input& input, const fs::path& file, const SidecarOptions& options) {
  const Fate fate = fate_of(file, options.existing);
  pictures_.add(Picture{fate, input.name, file.string()}.packed());
  hashes_.push_back(hash_of(file));
  ++(fate == Fate::kept ? left_out_ : count_);
}

void SidecarPlan::refuse_shared() {
  std::sort(hashes_.begin(), hashes_.end());
  std::unordered_set<std::uint64_t> twice;
  for (std::size_t i = 1; i < hashes_.size(); ++i)
    if (hashes_[i] == hashes_[i - 1]) twice.insert(hashes_[i]);
  std::deque<std::uint64_t>().swap(hashes_);
  if (twice.empty()) return;
  std::unordered_map<std::string, std::string> owners;  // sidecar -> picture
  while (const std::optional<std::string> text = pictures_.next()) {
    const Picture picture = Picture::unpacked(*text);
    if (!twice.contains(hash_of(picture.file))) continue;
    const auto [owner, is_new] =
        owners.emplace(fs::path(picture.file).lexically_normal().string(), picture.name);
    if (is_new) continue;  // or another of the same hash
    throw Error(ErrorKind::usage, "'" + printable(owner->second) + "' and '" + printable(picture.name) +
                                      "' would both have the sidecar '" + printable(picture.file) +
                                      "': nothing was written. Rename one, or caption them in two runs");
  }
  pictures_.rewind();
}

std::optional<PlannedSidecar> SidecarPlan::next() {
  while (const std::optional<std::string> text = pictures_.next()) {
    Picture picture = Picture::unpacked(*text);
    if (picture.fate == Fate::kept) continue;
    return PlannedSidecar{Input{picture.name, picture.name, false, {}}, std::move(picture.file)};
  }
  return std::nullopt;
}

void SidecarPlan::print(const std::function<void(const std::string&)>& line) {
  while (const std::optional<std::string> text = pictures_.next()) {
    const Picture picture = Picture::unpacked(*text);
    line(printable(picture.name) + '\t' + printable(picture.file) + '\t' + fate_text(picture.fate) + '\n');
  }
}

}  // namespace caption::cli
