#include "image/unknown_file.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "base/printable.h"
#include "base/utf8.h"
#include "image/container.h"

namespace caption {
namespace {

using std::string_view_literals::operator""sv;

struct Signature {
  std::size_t at;
  std::string_view text;
  std::string_view name;
};

constexpr Signature kRefused[] = {
    {4, "ftyp"sv, "MP4 or QuickTime video"},
    {0, "II\x2B\0"sv, "BigTIFF"},
    {0, "MM\0\x2B"sv, "BigTIFF"},
    {0, "%PDF"sv, "PDF"},
    {0, "%!PS"sv, "PostScript"},
    {0, "\x76\x2F\x31\x01"sv, "OpenEXR"},
    {0, "#?RADIANCE"sv, "Radiance HDR"},
    {0, "gimp xcf"sv, "GIMP"},
    {0, "PK\x03\x04"sv, "ZIP"},
    {0, "\x1F\x8B"sv, "gzip"},
    {0, "\x1A\x45\xDF\xA3"sv, "Matroska or WebM video"},
    {0, "RIFF"sv, "RIFF (not WebP)"},
};

/// Markup is told by its first tags, which may stand after a byte-order mark, blanks or comments.
std::string_view markup_name(Bytes file) {
  std::string head;
  for (const std::uint8_t byte : file.first(std::min<std::size_t>(file.size(), 1024))) {
    head.push_back(static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte));
  }
  const std::size_t start = head.find_first_not_of("\xEF\xBB\xBF \t\r\n");
  if (start == std::string::npos || head[start] != '<') return {};
  if (head.find("<svg") != std::string::npos) return "SVG";
  if (head.find("<html") != std::string::npos || head.find("<!doctype html") != std::string::npos) {
    return "HTML (a web page, perhaps an error page saved under an image's name)";
  }
  return "XML";
}

/// What is left under a picture's name when a download or a copy went wrong: what it is, and what to do.
constexpr Signature kNotPictures[] = {
    {0, "version https://git-lfs.github.com/"sv,
     "a git-lfs pointer in the place of the picture: fetch it with 'git lfs pull'"},
    {0, "\0\x05\x16\x07"sv,
     "what macOS keeps beside a file (AppleDouble), not the file itself: take the one without '._'"},
    {257, "ustar"sv, "a tar archive: it is taken apart if its name ends in .tar"},
    {0, "data:image/"sv, "a data URL, as a web page has it: decode the base64 behind its comma"},
    {0, "/9j/"sv, "a JPEG in base64: decode it ('base64 -d')"},
    {0, "iVBORw0KGgo"sv, "a PNG in base64: decode it ('base64 -d')"},
};

/// The first words of a file of text; nothing for other files.
std::string text_start(Bytes file) {
  constexpr std::size_t kLooked = 512;
  constexpr std::size_t kShown = 40;
  std::string text(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(std::min(file.size(), kLooked)));
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = code_point_at(text, at);
    const bool cut = text.size() == kLooked && at + 4 > kLooked;
    const bool blank = point.value == '\t' || point.value == '\n' || point.value == '\r';
    if ((!point.valid && !cut) || (point.valid && point.value < 0x20 && !blank)) return {};
    at += point.bytes;
  }
  if (text.size() > kShown) text = text.substr(0, kShown) + "...";
  return single_line(replace_invalid_utf8(std::move(text)));
}

}  // namespace

bool is_svg(Bytes file) {
  return markup_name(file) == "SVG";
}

void fail_unknown(Bytes file) {
  for (const Signature& signature : kNotPictures) {
    if (has(file, signature.at, signature.text))
      throw Error(ErrorKind::unsupported_format, "the file is " + std::string(signature.name));
  }
  if (file.empty()) throw Error(ErrorKind::unsupported_format, "the file is empty");
  std::string_view name = markup_name(file);
  for (const Signature& signature : kRefused) {
    if (!name.empty()) break;
    if (has(file, signature.at, signature.text)) name = signature.name;
  }
  if (!name.empty()) fail_unsupported("the format is " + std::string(name));
  if (const std::string text = text_start(file); !text.empty()) {
    const std::string kind = text.front() == '{' || text.front() == '[' ? "JSON" : "text";
    throw Error(
        ErrorKind::unsupported_format,
        "the file is " + kind + ", perhaps an error message saved under an image's name: '" + text + "'");
  }
  std::string start;
  for (const std::uint8_t byte : file.first(std::min<std::size_t>(file.size(), 8))) {
    char hex[4];
    std::snprintf(hex, sizeof hex, " %02x", byte);
    start += hex;
  }
  fail_unsupported("the bytes are of no image format that is known here (they begin with" + start + ")");
}

}  // namespace caption
