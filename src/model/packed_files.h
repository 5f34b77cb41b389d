#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "model/packed_header.h"

namespace caption {

/// Where the matrices of the bundle in `folder`, packed for `precision`, may lie, the best place first:
/// FOLDER/packed.PRECISION, and for folders that the user may not write to
/// $XDG_CACHE_HOME/caption/packed/HASH/packed.PRECISION (by default in ~/.cache), HASH being of the folder's
/// name in full.
std::vector<std::filesystem::path> packed_places(const std::filesystem::path& folder,
                                                 const std::string& precision);

/// A file of packed matrices that exists.
struct PackedFile {
  std::filesystem::path path;
  std::string precision;
  std::uint64_t bytes = 0;
  std::string problem;  ///< why it is not used, or empty
};

/// All that there are for the bundle in `folder`, in all places; of one precision, those that find_packed
/// looks at first come first.
std::vector<PackedFile> list_packed(const std::filesystem::path& folder, const Manifest& manifest);

/// Removes all of them, whatever is in them. -> those that there were. Throws Error(output) if one cannot be
/// removed.
std::vector<std::filesystem::path> remove_packed(const std::filesystem::path& folder);

/// The file that is used.
struct FoundPacked {
  std::filesystem::path path;
  PackedHeader header;
};

/// The first one for `precision` without a problem. Never an error: packed matrices only save time.
std::optional<FoundPacked> find_packed(const std::filesystem::path& folder, const Manifest& manifest,
                                       const std::string& precision);

}  // namespace caption
