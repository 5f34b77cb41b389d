#include "cli/word_list.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/utf8.h"
#include "caption/error.h"

namespace caption::cli {
namespace {

void read_lines(const std::string& option, const std::string& file, std::vector<std::string>& words) {
  std::ifstream input(file, std::ios::binary);
  const auto refuse = [&](const std::string& problem) {
    throw Error(ErrorKind::usage, option + ": " + problem, file);
  };
  if (!input) refuse("cannot open '" + file + "': " + std::strerror(errno));
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  std::string line;
  for (std::size_t number = 1; std::getline(input, line); ++number) {
    if (number == 1 && line.starts_with(kMark)) line.erase(0, kMark.size());
    if (!is_utf8(line) || line.find('\0') != std::string::npos)
      refuse("line " + std::to_string(number) + " of '" + file + "' is not text in UTF-8");
    if (line.find_first_not_of(" \t\r\f\v") != std::string::npos) words.push_back(line);
  }
  if (input.bad()) refuse("cannot read '" + file + "': " + std::strerror(errno));
  if (words.empty()) refuse("'" + file + "' has no words");
}

}  // namespace

std::vector<std::string> words_of(const std::string& option, const std::vector<std::string>& values) {
  std::vector<std::string> words;
  for (const std::string& value : values) {
    if (value.size() > 1 && value.front() == '@') {
      std::vector<std::string> lines;
      read_lines(option, value.substr(1), lines);
      words.insert(words.end(), lines.begin(), lines.end());
    } else {
      words.push_back(value);
    }
  }
  return words;
}

}  // namespace caption::cli
