#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <istream>
#include <string>
#include <vector>

namespace caption::cli {

/// The lines of a file of texts, one after the other.
class TextLines {
 public:
  /// "-" is standard input. Throws Error(usage).
  explicit TextLines(std::filesystem::path file);

  /// The next lines without their ends, at most so many; none at the end. Throws Error(usage) with the number
  /// of a line that is not UTF-8.
  std::vector<std::string> next(std::size_t most);

 private:
  std::filesystem::path file_;
  std::ifstream opened_;
  std::istream& stream_;
  std::size_t number_ = 0;
};

}  // namespace caption::cli
