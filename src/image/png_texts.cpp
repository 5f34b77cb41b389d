#include "image/png_texts.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "image/inflate.h"

namespace caption {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kXmp = "XML:com.adobe.xmp";
constexpr std::string_view kExif = "Raw profile type exif";

constexpr std::size_t kLongestText = std::size_t{1} << 20U;

/// What stands before the next NUL, which is taken away with it; all if there is none.
Bytes cut_word(Bytes& data) {
  const auto length =
      static_cast<std::size_t>(std::find(data.begin(), data.end(), std::uint8_t{0}) - data.begin());
  const Bytes word = data.first(length);
  data = data.subspan(std::min(length + 1, data.size()));
  return word;
}

bool is(Bytes keyword, std::string_view name) {
  return keyword.size() == name.size() && has(keyword, 0, name);
}

bool is_wanted(Bytes keyword) {
  return is(keyword, kXmp) || is(keyword, kExif);
}

int digit_of(std::uint8_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// "\nexif\n    1234\n", and behind these three line ends the digits; nothing if there is something else.
std::vector<std::uint8_t> from_digits(Bytes text) {
  for (int line = 0; line < 3; ++line) {
    const auto end = std::find(text.begin(), text.end(), std::uint8_t{'\n'});
    if (end == text.end()) return {};
    text = text.subspan(static_cast<std::size_t>(end - text.begin()) + 1);
  }
  std::vector<std::uint8_t> bytes;
  int first = -1;
  for (const std::uint8_t c : text) {
    if (c == ' ' || (c >= '\t' && c <= '\r')) continue;
    const int digit = digit_of(c);
    if (digit < 0) return {};
    if (first >= 0) bytes.push_back(static_cast<std::uint8_t>(first * 16 + digit));
    first = first >= 0 ? -1 : digit;
  }
  return bytes;
}

}  // namespace

void PngTexts::read_plain(Bytes data) {
  const Bytes keyword = cut_word(data);
  take(keyword, data);
}

void PngTexts::read_packed(Bytes data) {
  const Bytes keyword = cut_word(data);
  if (!is_wanted(keyword) || data.empty() || data[0] != 0) return;
  if (const auto text = inflate(data.subspan(1), kLongestText)) take(keyword, *text);
}

void PngTexts::read_international(Bytes data) {
  const Bytes keyword = cut_word(data);
  if (!is_wanted(keyword) || data.size() < 2) return;
  const bool packed = data[0] != 0;
  const bool by_zlib = data[1] == 0;
  data = data.subspan(2);
  cut_word(data);  // the language, and what the keyword is in it
  cut_word(data);
  if (!packed) return take(keyword, data);
  if (!by_zlib) return;
  if (const auto text = inflate(data, kLongestText)) take(keyword, *text);
}

void PngTexts::take(Bytes keyword, Bytes text) {
  if (is(keyword, kXmp)) xmp_.assign(text.begin(), text.end());
  if (is(keyword, kExif)) exif_ = from_digits(text);
}

void PngTexts::tell(Orientation& orientation, bool has_exif_chunk) const {
  if (!has_exif_chunk) orientation.read_exif(exif_);
  orientation.read_xmp(xmp_);
}

}  // namespace caption
