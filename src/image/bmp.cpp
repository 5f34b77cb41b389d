#include <algorithm>
#include <bit>
#include <cstddef>

#include "image/container.h"

namespace caption {
namespace {

enum Compression : std::uint32_t { kPlain = 0, kRle8 = 1, kRle4 = 2, kMasks = 3, kAlphaMasks = 6 };

constexpr std::size_t kFileHeader = 14;
constexpr std::size_t kOldInfo = 12;  // OS/2's
constexpr std::size_t kInfo = 40;     // Windows', which later versions only lengthen
constexpr std::size_t kMasksAt = kFileHeader + kInfo;

struct Bmp {
  std::uint32_t info = 0;    ///< length of the information header
  std::uint32_t pixels = 0;  ///< where the pixels begin
  std::uint32_t bits = 0;    ///< per pixel
  std::uint32_t compression = kPlain;
  std::uint32_t colours = 0;
  bool top_down = false;
  std::uint32_t masks[4] = {0, 0, 0, 0};  ///< red, green, blue, alpha
};

void read_masks(Bmp& bmp, Bytes file) {
  if (bmp.compression == kPlain) {
    const bool wide = bmp.bits == 32;
    bmp.masks[0] = wide ? 0xFF0000 : 0x7C00;
    bmp.masks[1] = wide ? 0x00FF00 : 0x03E0;
    bmp.masks[2] = wide ? 0x0000FF : 0x001F;
    return;
  }
  const std::size_t count = bmp.compression == kAlphaMasks || bmp.info >= 56 ? 4 : 3;
  if (file.size() < kMasksAt + count * 4) fail_truncated("BMP", "inside the header");
  for (std::size_t i = 0; i < count; ++i) bmp.masks[i] = little32(file, kMasksAt + i * 4);
}

Bmp read_header(Container& result, Bytes file) {
  if (file.size() < kFileHeader + kOldInfo) fail_truncated("BMP", "inside the header");
  Bmp bmp;
  bmp.pixels = little32(file, 10);
  bmp.info = little32(file, 14);
  if (bmp.info == kOldInfo) {
    result.width = little16(file, 18);
    result.height = little16(file, 20);
    bmp.bits = little16(file, 24);
    return bmp;
  }
  if (bmp.info < kInfo || bmp.info > 256) fail_damaged("BMP", "the header has an unknown length");
  if (file.size() < kFileHeader + bmp.info) fail_truncated("BMP", "inside the header");
  result.width = static_cast<std::int32_t>(little32(file, 18));
  const std::int64_t height = static_cast<std::int32_t>(little32(file, 22));
  bmp.top_down = height < 0;
  result.height = bmp.top_down ? -height : height;
  bmp.bits = little16(file, 28);
  bmp.compression = little32(file, 30);
  bmp.colours = little32(file, 46);
  return bmp;
}

void require_supported(const Bmp& bmp) {
  const std::uint32_t bits = bmp.bits;
  bool known = false;
  switch (bmp.compression) {
    case kPlain:
      known = bits == 1 || bits == 4 || bits == 8 || bits == 16 || bits == 24 || bits == 32;
      break;
    case kRle8:
      known = bits == 8 && !bmp.top_down;
      break;
    case kRle4:
      known = bits == 4 && !bmp.top_down;
      break;
    case kMasks:
    case kAlphaMasks:
      known = bits == 16 || bits == 32;
      break;
    default:
      break;
  }
  if (!known) {
    fail_unsupported("the file is a BMP of " + std::to_string(bits) + " bits per pixel with compression " +
                     std::to_string(bmp.compression));
  }
}

/// What OpenCV reads without its own quirks: a plain 40-byte header and, up to 8 bits per pixel, a full
/// palette.
std::vector<std::uint8_t> plain_header(const Container& result, const Bmp& bmp, std::uint32_t bits,
                                       Bytes palette) {
  const std::size_t palette_size = bits <= 8 ? std::size_t{4} << bits : 0;
  const auto pixels = static_cast<std::uint32_t>(kFileHeader + kInfo + palette_size);
  const auto height = static_cast<std::uint32_t>(result.height);
  std::vector<std::uint8_t> stream = {'B', 'M'};
  for (const std::uint32_t value :
       {0U, 0U, pixels, static_cast<std::uint32_t>(kInfo), static_cast<std::uint32_t>(result.width),
        bmp.top_down ? 0U - height : height, 1U | bits << 16, bits <= 8 ? bmp.compression : 0U, 0U, 0U, 0U,
        0U, 0U}) {
    append_little32(stream, value);
  }
  const std::size_t entry = bmp.info == kOldInfo ? 3 : 4;
  for (std::size_t i = 0; i < palette_size / 4; ++i) {
    const bool present = (i + 1) * entry <= palette.size();
    for (std::size_t c = 0; c < 3; ++c) stream.push_back(present ? palette[i * entry + c] : std::uint8_t{0});
    stream.push_back(0);
  }
  return stream;
}

/// Rows of 16 or 32 bits per pixel with any masks, as red, green, blue and alpha of 8 bits.
StoredPicture unmasked(const Container& container, const Bmp& bmp, Bytes rows, std::size_t pitch) {
  std::uint32_t top[4];
  int shift[4];
  for (std::size_t c = 0; c < 4; ++c) {
    shift[c] = bmp.masks[c] != 0 ? std::countr_zero(bmp.masks[c]) : 0;
    top[c] = bmp.masks[c] >> shift[c];
  }
  StoredPicture picture = blank_picture(container.width, container.height, 4);
  const auto width = static_cast<std::size_t>(container.width);
  const auto height = static_cast<std::size_t>(container.height);
  std::uint8_t* out = picture.samples.data();
  for (std::size_t y = 0; y < height; ++y) {
    const std::size_t row = (bmp.top_down ? y : height - 1 - y) * pitch;
    for (std::size_t x = 0; x < width; ++x) {
      const std::size_t at = row + x * bmp.bits / 8;
      const std::uint32_t pixel = bmp.bits == 16 ? little16(rows, at) : little32(rows, at);
      for (std::size_t c = 0; c < 4; ++c) {
        const std::uint64_t value = (pixel & bmp.masks[c]) >> shift[c];
        const std::uint64_t missing = c == 3 ? 255 : 0;  // no alpha is opaque
        *out++ = static_cast<std::uint8_t>(top[c] != 0 ? value * 255 / top[c] : missing);
      }
    }
  }
  return picture;
}

}  // namespace

Container read_bmp(Bytes file, double max_megapixels) {
  Container result;
  result.format = "BMP";
  result.alpha = Alpha::straight;
  Bmp bmp = read_header(result, file);
  require_supported(bmp);
  require_size("BMP", result.width, result.height, max_megapixels);
  if (bmp.bits == 16 || bmp.bits == 32) read_masks(bmp, file);
  const std::size_t palette_at = kFileHeader + bmp.info;
  if (bmp.pixels < palette_at) fail_damaged("BMP", "the pixels begin inside the header");
  if (bmp.pixels >= file.size()) fail_truncated("BMP", "before the pixels");

  const auto width = static_cast<std::size_t>(result.width);
  const auto height = static_cast<std::size_t>(result.height);
  const std::size_t pitch = (width * bmp.bits + 31) / 32 * 4;
  Bytes rows = file.subspan(bmp.pixels);
  const bool run_length = bmp.compression == kRle8 || bmp.compression == kRle4;
  if (!run_length) {
    // Some writers leave out the padding after the last row, and so may a reader.
    const std::size_t needed = pitch * (height - 1) + (width * bmp.bits + 7) / 8;
    if (rows.size() < needed) fail_truncated("BMP", "inside the pixels");
    rows = rows.first(needed);
  }
  if (bmp.bits == 16 || bmp.bits == 32) {
    result.picture = unmasked(result, bmp, rows, pitch);
    return result;
  }
  std::size_t entries = bmp.bits <= 8 ? std::size_t{1} << bmp.bits : 0;
  if (bmp.colours != 0) entries = std::min<std::size_t>(entries, bmp.colours);
  const std::size_t palette_size =
      std::min<std::size_t>(entries * (bmp.info == kOldInfo ? 3 : 4), bmp.pixels - palette_at);
  result.stream = plain_header(result, bmp, bmp.bits, file.subspan(palette_at, palette_size));
  append(result.stream, rows);
  result.stream.insert(result.stream.end(), 3, 0);  // the padding, should it be missing
  return result;
}

}  // namespace caption
