#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace caption {

/// The hashes of files for which nobody has published one, as they came the first time: a later download
/// must be the same. A JSON file of the user's own.
class Pins {
 public:
  struct Pin {
    std::string sha256;
    std::uint64_t bytes = 0;
    std::string from;  ///< the address that it came from
  };

  /// Throws Error(model) if `file` is there and cannot be understood.
  explicit Pins(std::filesystem::path file);

  const std::filesystem::path& file() const { return file_; }
  /// Nothing if no file of this name has come yet.
  std::optional<Pin> find(const std::string& name) const;
  /// Remembers one. What has been remembered stays. Throws Error(output).
  void add(const std::string& name, const Pin& pin);

 private:
  std::map<std::string, Pin> read() const;

  std::filesystem::path file_;
  std::map<std::string, Pin> pins_;
};

}  // namespace caption
