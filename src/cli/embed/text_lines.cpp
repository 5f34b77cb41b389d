#include "cli/embed/text_lines.h"

#include <cerrno>
#include <cstring>
#include <iostream>
#include <string_view>
#include <utility>

#include "base/utf8.h"
#include "caption/error.h"

namespace caption::cli {

TextLines::TextLines(std::filesystem::path file)
    : file_(std::move(file)), stream_(file_ == "-" ? std::cin : opened_) {
  if (file_ == "-") return;
  opened_.open(file_, std::ios::binary);
  if (!opened_)
    throw Error(ErrorKind::usage, "--texts: cannot open '" + file_.string() + "': " + std::strerror(errno),
                file_);
}

std::vector<std::string> TextLines::next(std::size_t most) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  std::vector<std::string> lines;
  for (std::string line; lines.size() < most && std::getline(stream_, line);) {
    ++number_;
    if (number_ == 1 && line.starts_with(kMark)) line.erase(0, kMark.size());
    if (line.ends_with('\r')) line.pop_back();
    if (!is_utf8(line)) {
      throw Error(
          ErrorKind::usage,
          "--texts: line " + std::to_string(number_) + " of '" + file_.string() + "' is not text in UTF-8",
          file_);
    }
    lines.push_back(std::move(line));
    line.clear();
  }
  if (stream_.bad())
    throw Error(ErrorKind::usage, "--texts: cannot read '" + file_.string() + "': " + std::strerror(errno),
                file_);
  return lines;
}

}  // namespace caption::cli
