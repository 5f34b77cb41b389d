#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace caption {

/// The tokens of encoder.json (vocab.json) or tokenizer.json as the bytes that they stand for. These files
/// write each byte as a printable character: 33..126, 161..172 and 174..255 as themselves, the others in
/// ascending order from U+0100 on. All errors are Error(model) that names the entry.
class Gpt2Vocabulary {
 public:
  /// Of encoder.json: an object of distinct ids 0, 1, ... without a gap.
  static Gpt2Vocabulary read(std::filesystem::path path);
  /// Without tokens. `path` is for messages.
  explicit Gpt2Vocabulary(std::filesystem::path path) : path_(std::move(path)) {}

  /// The token that `written` stands for. No two have the same id.
  void add(const std::string& written, std::uint64_t id);
  /// A token that is its own text, not written byte by byte; it may be there already.
  void add_text(const std::string& text, std::uint64_t id);
  /// After all tokens: that the ids have no gap.
  void finish() const;

  const std::filesystem::path& path() const { return path_; }
  std::int32_t size() const { return static_cast<std::int32_t>(tokens_.size()); }
  /// The bytes of token `id`, which must be in [0, size).
  std::string_view bytes(std::int32_t id) const;

 private:
  struct Slice {
    std::size_t begin = kAbsent;
    std::size_t length = 0;
  };
  class Reader;
  static constexpr std::size_t kAbsent = std::numeric_limits<std::size_t>::max();

  Slice& place(const std::string& entry, std::uint64_t id);
  [[noreturn]] void fail(const std::string& detail) const;

  std::filesystem::path path_;
  std::string bytes_;          ///< of all tokens, in the file's order
  std::vector<Slice> tokens_;  ///< by id
};

/// Appends the bytes that `written`, as these files write them, stands for. False if a character stands for
/// none.
bool append_gpt2_bytes(std::string_view written, std::string& bytes);

}  // namespace caption
