#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace caption {

/// A file whose first bytes are known last. Until `keep` it is ".NAME.partial" beside its place, which
/// vanishes if that is not called.
class StagedFile {
 public:
  /// Leaves `head` bytes for the beginning. Throws Error(output), as all of it does.
  StagedFile(std::filesystem::path target, std::size_t head);
  ~StagedFile();
  StagedFile(const StagedFile&) = delete;
  StagedFile& operator=(const StagedFile&) = delete;

  void write(std::string_view bytes);
  /// Writes the beginning, which has the size that was left for it, and gives the file its name.
  void keep(std::string_view head);

 private:
  void check();

  std::filesystem::path target_;
  std::filesystem::path staged_;
  std::ofstream file_;
  std::size_t head_;
  bool kept_ = false;
};

}  // namespace caption
