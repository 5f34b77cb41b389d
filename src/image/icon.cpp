#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "image/container.h"

namespace caption {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::size_t kHeader = 6;
constexpr std::size_t kEntry = 16;
constexpr std::size_t kInfo = 40;  // a bitmap's header, that of BMP files without their first 14 bytes

/// Where a directory's picture lies.
struct Entry {
  unsigned width = 0;
  unsigned height = 0;
  unsigned bits = 0;  ///< per pixel; of a cursor, where they are not told, 0
  std::size_t offset = 0;
  std::size_t size = 0;
};

/// The largest picture, and the one of most colours among those.
Entry best_entry(Bytes file) {
  const bool icon = little16(file, 2) == 1;
  const std::size_t count = little16(file, 4);
  if ((file.size() - kHeader) / kEntry < count) fail_truncated("icon", "inside its directory");
  Entry best;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = kHeader + i * kEntry;
    const Entry entry{file[at] == 0 ? 256U : file[at], file[at + 1] == 0 ? 256U : file[at + 1],
                      icon ? little16(file, at + 6) : 0, little32(file, at + 12), little32(file, at + 8)};
    const auto rank = [](const Entry& e) { return std::pair(e.width * e.height, e.bits); };
    if (i == 0 || rank(entry) > rank(best)) best = entry;
  }
  return best;
}

/// A bitmap as icons have it: rows from the bottom up, and behind them a mask of one bit per pixel, set where
/// the picture is clear.
struct Bitmap {
  std::size_t width = 0;
  std::size_t height = 0;
  unsigned bits = 0;
  Bytes palette;  ///< 4 bytes for each colour
  Bytes rows;
  Bytes mask;
  std::size_t mask_pitch = 0;

  std::size_t pitch() const { return (width * bits + 31) / 32 * 4; }
};

Bitmap read_bitmap(Bytes data, Container& result, double max_megapixels) {
  if (data.size() < kInfo) fail_truncated("icon", "inside the header of its picture");
  const std::size_t info = little32(data, 0);
  result.width = static_cast<std::int32_t>(little32(data, 4));
  result.height = static_cast<std::int32_t>(little32(data, 8)) / 2;  // the mask's rows are counted, too
  require_size("icon", result.width, result.height, max_megapixels);
  Bitmap bitmap{static_cast<std::size_t>(result.width), static_cast<std::size_t>(result.height),
                little16(data, 14)};
  const unsigned bits = bitmap.bits;
  if (info < kInfo || info > data.size() || little32(data, 16) != 0 ||
      (bits != 1 && bits != 4 && bits != 8 && bits != 24 && bits != 32)) {
    fail_unsupported("the file is an icon whose picture has " + std::to_string(bits) +
                     " bits per pixel, with compression " + std::to_string(little32(data, 16)));
  }
  std::size_t colours = bits <= 8 ? std::size_t{1} << bits : 0;
  if (const std::size_t told = little32(data, 32); told != 0) colours = std::min(colours, told);
  data = data.subspan(info);
  const std::size_t rows = bitmap.pitch() * bitmap.height;
  if (data.size() < colours * 4 || data.size() - colours * 4 < rows)
    fail_truncated("icon", "inside its picture");
  bitmap.palette = data.first(colours * 4);
  bitmap.rows = data.subspan(colours * 4, rows);
  const Bytes rest = data.subspan(colours * 4 + rows);
  bitmap.mask_pitch = (bitmap.width + 31) / 32 * 4;
  // Pillow writes the mask's rows without their padding.
  if (rest.size() < bitmap.mask_pitch * bitmap.height) bitmap.mask_pitch = (bitmap.width + 7) / 8;
  if (rest.size() >= bitmap.mask_pitch * bitmap.height) {
    bitmap.mask = rest;
  } else if (bits != 32) {
    fail_truncated("icon", "inside its mask");
  }
  return bitmap;
}

/// One pixel, RGB and alpha.
void colour(const Bitmap& bitmap, std::size_t x, std::size_t row, std::uint8_t* out) {
  const unsigned bits = bitmap.bits;
  const std::size_t at = row * bitmap.pitch() + x * bits / 8;
  Bytes colours = bitmap.rows;
  std::size_t from = at;
  if (bits <= 8) {
    const unsigned shift = 8 - bits - static_cast<unsigned>(x * bits % 8);
    colours = bitmap.palette;
    from = (bitmap.rows[at] >> shift & ((1U << bits) - 1)) * std::size_t{4};
  }
  for (std::size_t c = 0; c < 3; ++c)  // a colour that the palette has not is black
    out[c] = from + 2 < colours.size() ? colours[from + 2 - c] : std::uint8_t{0};
  out[3] = bits == 32 ? bitmap.rows[at + 3] : 255;
}

StoredPicture colours(const Bitmap& bitmap) {
  StoredPicture picture =
      blank_picture(static_cast<std::int64_t>(bitmap.width), static_cast<std::int64_t>(bitmap.height), 4);
  bool visible = false;
  for (std::size_t i = 0; i < bitmap.width * bitmap.height; ++i) {
    std::uint8_t* const out = picture.samples.data() + i * 4;
    colour(bitmap, i % bitmap.width, bitmap.height - 1 - i / bitmap.width, out);
    visible = visible || out[3] != 0;
  }
  if (bitmap.mask.empty() || (bitmap.bits == 32 && visible)) return picture;
  for (std::size_t i = 0; i < bitmap.width * bitmap.height;
       ++i) {  // 32 bits without alpha have only the mask
    const std::size_t x = i % bitmap.width;
    const std::size_t row = bitmap.height - 1 - i / bitmap.width;
    const bool clear = (bitmap.mask[row * bitmap.mask_pitch + x / 8] >> (7 - x % 8) & 1U) != 0;
    picture.samples[i * 4 + 3] = clear ? 0 : 255;
  }
  return picture;
}

}  // namespace

/// Icons and cursors of Windows. Of several pictures of the largest size the one of most colours is taken, as
/// browsers do; Pillow takes that of fewest.
Container read_icon(Bytes file, double max_megapixels) {
  if (file.size() < kHeader) fail_truncated("icon", "inside the header");
  const Entry entry = best_entry(file);
  if (entry.offset > file.size() || file.size() - entry.offset < entry.size)
    fail_truncated("icon", "inside its picture");
  const Bytes data = file.subspan(entry.offset, entry.size);
  if (has(data, 0, "\x89PNG\r\n\x1A\n"sv)) return read_png(data, max_megapixels);
  Container result;
  result.format = "icon";
  result.alpha = Alpha::straight;
  result.picture = colours(read_bitmap(data, result, max_megapixels));
  return result;
}

}  // namespace caption
