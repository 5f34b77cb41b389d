#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "image/container.h"

namespace caption {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::size_t kHeader =
    8;  // of the file and of each of its parts: a name, and a length that counts it

/// What pictures of one size are called: whole files of PNG or JPEG 2000, or colours and a mask of their own.
struct Size {
  std::int64_t side;
  std::string_view file;
  std::string_view colours;
  std::string_view mask;
};

/// The largest first; of two of the same size that for screens of fewer points, as Pillow takes them.
constexpr std::array kSizes = {
    Size{1024, "ic10"sv, {}, {}}, Size{512, "ic09"sv, {}, {}},
    Size{512, "ic14"sv, {}, {}},  Size{256, "ic08"sv, {}, {}},
    Size{256, "ic13"sv, {}, {}},  Size{128, "ic07"sv, "it32"sv, "t8mk"sv},
    Size{64, "icp6"sv, {}, {}},   Size{48, {}, "ih32"sv, "h8mk"sv},
    Size{64, "ic12"sv, {}, {}},   Size{32, "icp5"sv, "il32"sv, "l8mk"sv},
    Size{32, "ic11"sv, {}, {}},   Size{16, "icp4"sv, "is32"sv, "s8mk"sv},
};

/// The parts by their names.
std::map<std::string, Bytes, std::less<>> read_parts(Bytes file) {
  std::map<std::string, Bytes, std::less<>> parts;
  if (file.size() < kHeader) fail_truncated("icon", "inside the header");
  const std::size_t end = big32(file, 4);
  if (end > file.size()) fail_truncated("icon", "before the length that its header states");
  for (std::size_t at = kHeader; at + kHeader <= end;) {
    const std::size_t length = big32(file, at + 4);
    if (length < kHeader || length > end - at) fail_damaged("icon", "a part of it has an impossible length");
    const std::string name(file.begin() + static_cast<std::ptrdiff_t>(at),
                           file.begin() + static_cast<std::ptrdiff_t>(at + 4));
    parts.insert_or_assign(name, file.subspan(at + kHeader, length - kHeader));
    at += length;
  }
  return parts;
}

/// Red, then green, then blue, each packed in runs: [count of pixels] of each into every fourth byte of
/// `out`.
void unpack(Bytes packed, std::size_t count, std::uint8_t* out) {
  std::size_t at = 0;
  for (std::size_t colour = 0; colour < 3; ++colour) {
    for (std::size_t i = 0; i < count;) {
      if (at >= packed.size()) fail_truncated("icon", "inside its picture");
      const unsigned code = packed[at++];
      const bool run = (code & 0x80U) != 0;
      const std::size_t length = run ? code - 125 : code + 1;
      if (packed.size() - at < (run ? 1 : length)) fail_truncated("icon", "inside its picture");
      if (length > count - i) fail_damaged("icon", "a run of pixels leads beyond its picture");
      for (std::size_t k = 0; k < length; ++k) out[(i + k) * 4 + colour] = packed[run ? at : at + k];
      at += run ? 1 : length;
      i += length;
    }
  }
}

StoredPicture colours_of(Bytes colours, Bytes mask, const Size& size) {
  const auto count = static_cast<std::size_t>(size.side * size.side);
  StoredPicture picture = blank_picture(size.side, size.side, 4);
  std::uint8_t* const out = picture.samples.data();
  if (size.side == 128) colours = colours.subspan(std::min<std::size_t>(colours.size(), 4));  // zeros
  if (colours.size() == count * 3) {
    for (std::size_t i = 0; i < count * 3; ++i) out[i / 3 * 4 + i % 3] = colours[i];
  } else {
    unpack(colours, count, out);
  }
  if (!mask.empty() && mask.size() < count) fail_truncated("icon", "inside its mask");
  for (std::size_t i = 0; i < count; ++i) out[i * 4 + 3] = mask.empty() ? std::uint8_t{255} : mask[i];
  return picture;
}

}  // namespace

Container read_icns(Bytes file, double max_megapixels) {
  const auto parts = read_parts(file);
  const auto part = [&parts](std::string_view name) {
    const auto found = parts.find(name);
    return found == parts.end() ? Bytes() : found->second;
  };
  for (const Size& size : kSizes) {
    if (const Bytes whole = part(size.file); !whole.empty()) {
      if (has(whole, 0, "\x89PNG\r\n\x1A\n"sv)) return read_png(whole, max_megapixels);
      if (has(whole, 0, "\xFF\x4F\xFF\x51"sv) || has(whole, 0, "\0\0\0\x0CjP  \r\n\x87\n"sv))
        return for_library("JPEG 2000", Decoder::jpeg_2000, whole, max_megapixels);
      fail_unsupported("the file is an icon whose largest picture is neither a PNG nor a JPEG 2000");
    }
    const Bytes colours = part(size.colours);
    if (colours.empty()) continue;
    Container result;
    result.format = "icon";
    result.width = result.height = size.side;
    result.alpha = Alpha::straight;
    require_size("icon", size.side, size.side, max_megapixels);
    result.picture = colours_of(colours, part(size.mask), size);
    return result;
  }
  fail_unsupported("the file is an icon of macOS with no picture of more than 256 colours");
}

}  // namespace caption
