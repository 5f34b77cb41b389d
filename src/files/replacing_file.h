#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace caption {

/// A large file that appears under its name at once, when it is complete: until then it is a hidden file
/// beside it, which vanishes if `keep` is not called. What a killed writer left behind is removed by the next
/// one.
class ReplacingFile {
 public:
  /// Makes its folder if need be, and room for `bytes`, at least 1. Throws Error(output), as all of it does.
  ReplacingFile(std::filesystem::path target, std::uint64_t bytes);
  ~ReplacingFile();
  ReplacingFile(const ReplacingFile&) = delete;
  ReplacingFile& operator=(const ReplacingFile&) = delete;

  void write(std::span<const std::byte> bytes);
  /// Waits until all of it is on the disk, and gives it its name.
  void keep();

 private:
  [[noreturn]] void fail(int error);
  void discard();
  std::string leftover_prefix() const;
  void remove_leftovers() const;
  bool stage();
  void flush();

  std::filesystem::path target_;
  std::filesystem::path staged_;
  int descriptor_ = -1;
  std::unique_ptr<std::byte[]> buffer_;
  std::size_t filled_ = 0;
};

}  // namespace caption
