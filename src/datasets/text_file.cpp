#include "datasets/text_file.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string_view>

#include "base/utf8.h"
#include "caption/error.h"

namespace caption {
namespace {

std::string name_of(const std::filesystem::path& file) {
  return file == "-" ? "standard input" : "'" + file.string() + "'";
}

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& why) {
  throw Error(ErrorKind::usage, "cannot read " + name_of(file) + ": " + why, file);
}

std::string all_bytes(std::istream& stream) {
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string from_utf16(std::string_view bytes, bool little) {
  const auto unit = [&](std::size_t at) -> char32_t {
    const auto first = static_cast<unsigned char>(bytes[at]);
    const auto second = static_cast<unsigned char>(bytes[at + 1]);
    return little ? first | char32_t{second} << 8U : second | char32_t{first} << 8U;
  };
  std::string text;
  for (std::size_t at = 0; at + 2 <= bytes.size(); at += 2) {
    char32_t point = unit(at);
    if (point >= 0xD800 && point < 0xDC00 && at + 4 <= bytes.size()) {
      const char32_t low = unit(at + 2);
      if (low >= 0xDC00 && low < 0xE000) {
        point = 0x10000 + ((point - 0xD800) << 10U) + (low - 0xDC00);
        at += 2;
      }
    }
    append_utf8(point, text);
  }
  return text;
}

void require_encoding(const std::filesystem::path& file, const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = code_point_at(text, at);
    if (!point.valid) {
      const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
      refuse(file, "line " + std::to_string(line) +
                       " is not in UTF-8; convert the file, from Latin-1 for example by "
                       "'iconv -f latin1 -t utf-8'");
    }
    at += point.bytes;
  }
}

}  // namespace

std::string read_text_file(const std::filesystem::path& file) {
  std::string text;
  if (file == "-") {
    text = all_bytes(std::cin);
  } else {
    std::error_code ignored;
    if (std::filesystem::is_directory(file, ignored)) refuse(file, "it is a folder");
    std::ifstream stream(file, std::ios::binary);
    if (!stream) refuse(file, std::strerror(errno));
    text = all_bytes(stream);
    if (stream.bad()) refuse(file, "it could not be read to its end");
  }
  const std::string_view view = text;
  if (view.starts_with("\xFF\xFE") || view.starts_with("\xFE\xFF"))
    return from_utf16(view.substr(2), view.front() == '\xFF');
  if (view.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  require_encoding(file, text);
  return text;
}

}  // namespace caption
