#pragma once

#include <filesystem>
#include <string>
#include <system_error>

namespace caption {

/// A folder that appears under its name at once, when it is complete: until then it is a hidden folder beside
/// that place, which vanishes if `keep` is not called.
class ReplacingFolder {
 public:
  /// `target` must not exist; the folders above it are made if need be. Throws Error(output), as all of it
  /// does.
  explicit ReplacingFolder(std::filesystem::path target);
  ~ReplacingFolder();
  ReplacingFolder(const ReplacingFolder&) = delete;
  ReplacingFolder& operator=(const ReplacingFolder&) = delete;

  /// Where it is meanwhile, for those who write into it.
  const std::filesystem::path& path() const { return staged_; }
  /// Copies `file` into it.
  void add(const std::filesystem::path& file, const std::string& name) const;
  /// Links `file` into it, which must stay as it is from now on; copies it where links are not possible.
  void link(const std::filesystem::path& file, const std::string& name) const;
  /// Gives it its name.
  void keep() const;

 private:
  [[noreturn]] void fail(const std::error_code& error) const;

  std::filesystem::path target_;
  std::filesystem::path staged_;
};

}  // namespace caption
