#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "image/container.h"

namespace caption {
namespace {

using Pixel = std::array<std::uint8_t, 4>;  // RGB and alpha

enum Kind : unsigned { kPalette = 1, kColours = 2, kGrey = 3 };
constexpr unsigned kRunLength = 8;  // added to the kind
constexpr std::size_t kHeader = 18;

struct Tga {
  unsigned kind = 0;
  bool run_length = false;
  bool has_palette = false;
  std::size_t palette_start = 0;
  std::size_t palette_count = 0;
  unsigned palette_bits = 0;
  unsigned bits = 0;  ///< per pixel
  bool from_top = false;
  bool from_right = false;
  std::vector<Pixel> palette;
};

Tga header_of(Bytes file) {
  Tga tga;
  tga.kind = file[2] & 7U;
  tga.run_length = (file[2] & kRunLength) != 0;
  tga.has_palette = file[1] == 1;
  tga.palette_start = little16(file, 3);
  tga.palette_count = little16(file, 5);
  tga.palette_bits = file[7];
  tga.bits = file[16];
  tga.from_right = (file[17] & 0x10U) != 0;
  tga.from_top = (file[17] & 0x20U) != 0;
  return tga;
}

std::size_t bytes_of(unsigned bits) {
  return (bits + 7) / 8;
}

/// Five bits of each colour; the bit at the top is set where the pixel is clear, as Pillow takes it.
Pixel colour_of_16(unsigned value) {
  const auto five = [value](unsigned shift) {
    return static_cast<std::uint8_t>((value >> shift & 31U) * 255 / 31);
  };
  return {five(10), five(5), five(0), (value & 0x8000U) != 0 ? std::uint8_t{0} : std::uint8_t{255}};
}

/// A colour of 16, 24 or 32 bits.
Pixel colour_at(Bytes file, std::size_t at, unsigned bits) {
  if (bits == 16) return colour_of_16(little16(file, at));
  return {file[at + 2], file[at + 1], file[at], bits == 32 ? file[at + 3] : std::uint8_t{255}};
}

Pixel pixel_at(const Tga& tga, Bytes file, std::size_t at) {
  if (tga.kind == kColours) return colour_at(file, at, tga.bits);
  const std::uint8_t value = file[at];
  if (tga.kind == kGrey || !tga.has_palette)
    return {value, value, value, tga.bits == 16 ? file[at + 1] : std::uint8_t{255}};
  if (value >= tga.palette.size()) return {0, 0, 0, 255};
  return tga.palette[value];
}

std::size_t read_palette(Tga& tga, Bytes file, std::size_t at) {
  if (!tga.has_palette) return at;
  const std::size_t entry = bytes_of(tga.palette_bits);
  if ((file.size() - at) / entry < tga.palette_count) fail_truncated("TGA", "inside its palette");
  tga.palette.assign(tga.palette_start, Pixel{0, 0, 0, 255});
  for (std::size_t i = 0; i < tga.palette_count; ++i) {
    tga.palette.push_back(colour_at(file, at + i * entry, tga.palette_bits));
    tga.palette.back()[3] = 255;  // as Pillow takes it
  }
  return at + tga.palette_count * entry;
}

/// Pixels one by one, whether they lie there plainly or in packets.
class TgaReader {
 public:
  TgaReader(const Tga& tga, Bytes file, std::size_t at)
      : tga_(tga), file_(file), at_(at), size_(bytes_of(tga.bits)) {}

  Pixel next() {
    if (!tga_.run_length) return read();
    if (count_ == 0) {
      need(1);
      const unsigned packet = file_[at_++];
      count_ = (packet & 0x7FU) + 1;
      repeated_ = (packet & 0x80U) != 0;
      if (repeated_) pixel_ = read();
    }
    --count_;
    return repeated_ ? pixel_ : read();
  }

 private:
  void need(std::size_t bytes) const {
    if (file_.size() - at_ < bytes) fail_truncated("TGA", "inside the picture");
  }
  Pixel read() {
    need(size_);
    const Pixel pixel = pixel_at(tga_, file_, at_);
    at_ += size_;
    return pixel;
  }

  const Tga& tga_;
  Bytes file_;
  std::size_t at_;
  std::size_t size_;
  std::size_t count_ = 0;
  bool repeated_ = false;
  Pixel pixel_{};
};

}  // namespace

bool is_tga(Bytes file) {
  if (file.size() < kHeader || file[1] > 1 || (file[2] & ~(kRunLength | 3U)) != 0) return false;
  const Tga tga = header_of(file);
  const unsigned bits = tga.bits;
  const bool palette = tga.palette_bits == 16 || tga.palette_bits == 24 || tga.palette_bits == 32;
  const bool depth = tga.kind == kColours   ? bits == 16 || bits == 24 || bits == 32
                     : tga.kind == kGrey    ? bits == 8 || bits == 16
                     : tga.kind == kPalette ? bits == 8
                                            : false;
  const bool sizes = little16(file, 12) > 0 && little16(file, 14) > 0;
  return depth && sizes && (file[17] & 0xC0U) == 0 && (tga.has_palette ? palette : tga.palette_bits == 0);
}

Container read_tga(Bytes file, double max_megapixels) {
  Container result;
  result.format = "TGA";
  result.width = little16(file, 12);
  result.height = little16(file, 14);
  require_size("TGA", result.width, result.height, max_megapixels);
  Tga tga = header_of(file);
  const std::size_t palette_at = kHeader + file[0];
  if (palette_at > file.size()) fail_truncated("TGA", "inside the header");
  TgaReader reader(tga, file, read_palette(tga, file, palette_at));
  const auto width = static_cast<std::size_t>(result.width);
  const auto height = static_cast<std::size_t>(result.height);
  // A packet of two bytes has 128 pixels at most: what a header alone promises is not allocated.
  if (width * height / 64 > file.size()) fail_truncated("TGA", "inside the picture");
  StoredPicture picture = blank_picture(result.width, result.height, 4);
  for (std::size_t i = 0; i < width * height; ++i) {
    const std::size_t y = tga.from_top ? i / width : height - 1 - i / width;
    const std::size_t x = tga.from_right ? width - 1 - i % width : i % width;
    const Pixel pixel = reader.next();
    std::copy(pixel.begin(), pixel.end(),
              picture.samples.begin() + static_cast<std::ptrdiff_t>((y * width + x) * 4));
  }
  result.alpha = Alpha::straight;
  result.picture = std::move(picture);
  return result;
}

}  // namespace caption
