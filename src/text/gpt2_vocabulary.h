#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caption {

/// The tokens of encoder.json (vocab.json) as the bytes that they stand for. The file writes each byte as a
/// printable character: 33..126, 161..172 and 174..255 as themselves, the others in ascending order from
/// U+0100 on.
class Gpt2Vocabulary {
 public:
  /// Throws Error(model) naming the entry, unless the file is an object of distinct ids 0, 1, ... without a
  /// gap.
  explicit Gpt2Vocabulary(std::filesystem::path path);

  const std::filesystem::path& path() const { return path_; }
  std::int32_t size() const { return static_cast<std::int32_t>(tokens_.size()); }
  /// The bytes of token `id`, which must be in [0, size).
  std::string_view bytes(std::int32_t id) const;

 private:
  struct Slice {
    std::size_t begin = 0;
    std::size_t length = 0;
  };
  class Reader;

  std::filesystem::path path_;
  std::string bytes_;          ///< of all tokens, in the file's order
  std::vector<Slice> tokens_;  ///< by id
};

/// Appends the bytes that `written`, as these files write them, stands for. False if a character stands for
/// none.
bool append_gpt2_bytes(std::string_view written, std::string& bytes);

}  // namespace caption
