#include "model/packed_files.h"

#include <cstdint>
#include <cstdlib>

#include "caption/error.h"
#include "kernels/packed_layout.h"
#include "model/registry.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPrecisions[] = {"fp32", "bf16", "int8"};

/// The header of `file`. Throws Error(model) that says why the file cannot be used.
PackedHeader read_valid(const fs::path& file, const std::string& precision, const fs::path& folder,
                        const Manifest& manifest) {
  PackedHeader header = read_packed_header(file);
  const auto refuse = [&](const std::string& why) {
    throw Error(ErrorKind::model, file.string() + ": " + why, file);
  };
  if (header.precision != precision) refuse("is for " + header.precision);
  if (header.layout != kPackedLayout) refuse("another version of this program wrote it");
  if (header.sources != packed_sources(folder, manifest))
    refuse("the model's files have changed since it was made");
  return header;
}

}  // namespace

std::vector<fs::path> packed_places(const fs::path& folder, const std::string& precision) {
  const std::string name = "packed." + precision;
  std::vector<fs::path> places = {folder / name};
  std::error_code error;
  const fs::path whole = fs::canonical(folder, error);
  if (const fs::path cache = user_cache(); !cache.empty() && !error) {
    places.push_back(cache / "packed" / text_hash(whole.string()) / name);
  }
  return places;
}

std::vector<PackedFile> list_packed(const fs::path& folder, const Manifest& manifest) {
  std::vector<PackedFile> all;
  for (const std::string precision : kPrecisions) {
    std::string used;
    for (const fs::path& place : packed_places(folder, precision)) {
      std::error_code error;
      if (!fs::exists(place, error)) continue;
      PackedFile& file = all.emplace_back();
      file.path = place;
      file.precision = precision;
      file.bytes = fs::file_size(place, error);
      if (error) file.bytes = 0;
      try {
        read_valid(place, precision, folder, manifest);
        if (!used.empty()) file.problem = place.string() + ": " + used + " comes before it";
        used = place.string();
      } catch (const Error& problem) {
        file.problem = problem.what();
      }
    }
  }
  return all;
}

std::vector<fs::path> remove_packed(const fs::path& folder) {
  std::vector<fs::path> removed;
  for (const std::string precision : kPrecisions) {
    for (const fs::path& place : packed_places(folder, precision)) {
      std::error_code error;
      if (fs::remove(place, error)) removed.push_back(place);
      if (error) {
        throw Error(ErrorKind::output, place.string() + ": cannot be removed: " + error.message(), place);
      }
      // The cache's folder of this bundle, if that was the last file in it.
      if (place.parent_path() != folder) fs::remove(place.parent_path(), error);
    }
  }
  return removed;
}

std::optional<FoundPacked> find_packed(const fs::path& folder, const Manifest& manifest,
                                       const std::string& precision) {
  for (const fs::path& place : packed_places(folder, precision)) {
    std::error_code ignored;
    if (!fs::exists(place, ignored)) continue;
    try {
      return FoundPacked{place, read_valid(place, precision, folder, manifest)};
    } catch (const Error&) {  // `caption models show` tells why
    }
  }
  return std::nullopt;
}

}  // namespace caption
