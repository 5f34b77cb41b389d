#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "caption/error.h"

namespace caption::cli {

/// What of the data a training does without, in the order in which it was found.
class LeftOutData {
 public:
  /// `most`: pictures that may be missing or unreadable; nothing: any number.
  explicit LeftOutData(std::optional<std::uint64_t> most) : most_(most) {}

  /// A picture whose file is missing or cannot be read. Throws Error(usage) where these become too many.
  void add_picture(const std::string& name, ErrorKind why, const std::string& message);
  void add_empty_caption(const std::string& picture);
  void add_without_captions(const std::string& picture);

  /// A JSON object per line, {"image", "code", "message"}; without any, there is no file. Throws
  /// Error(output).
  void write(const std::filesystem::path& file) const;

 private:
  struct Entry {
    std::string image;
    std::string code;
    std::string message;
  };

  std::optional<std::uint64_t> most_;
  std::vector<Entry> entries_;
  std::vector<std::string> pictures_;  ///< names
};

}  // namespace caption::cli
