#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace caption {

/// What a file's name leads to at a moment: another state means that the file has been changed.
struct FileState {
  std::uint64_t bytes = 0;
  std::int64_t changed_ns = 0;  ///< when it was last written to, in nanoseconds since 1970

  bool operator==(const FileState&) const = default;
};

/// Nothing if there is no such file, or none that can be looked at.
std::optional<FileState> state_of(const std::filesystem::path& file);

}  // namespace caption
