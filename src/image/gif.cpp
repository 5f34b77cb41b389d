#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include "image/container.h"

namespace caption {
namespace {

constexpr std::size_t kScreen = 13;     // signature and logical screen
constexpr std::size_t kDescriptor = 9;  // of a picture, behind its mark
constexpr std::uint8_t kExtension = 0x21;
constexpr std::uint8_t kPicture = 0x2C;
constexpr std::uint8_t kGraphicControl = 0xF9;

/// The palette that a byte of flags announces, at `at`, which moves behind it; empty if there is none.
Bytes read_palette(Bytes file, unsigned flags, std::size_t& at) {
  if ((flags & 0x80U) == 0) return {};
  const std::size_t size = std::size_t{3} << ((flags & 7U) + 1);
  if (file.size() - at < size) fail_truncated("GIF", "inside a palette");
  at += size;
  return file.subspan(at - size, size);
}

/// The data of the sub-blocks at `at`, which moves behind their end. A file may end where they should.
std::vector<std::uint8_t> read_blocks(Bytes file, std::size_t& at) {
  std::vector<std::uint8_t> data;
  while (at < file.size() && file[at] != 0) {
    const std::size_t size = std::min<std::size_t>(file[at], file.size() - at - 1);
    append(data, file.subspan(at + 1, size));
    at += 1 + size;
  }
  at = std::min(at + 1, file.size());
  return data;
}

/// LZW with codes that grow up to 12 bits -> `count` indices of colours.
std::vector<std::uint8_t> unpack(Bytes data, unsigned start_bits, std::size_t count) {
  constexpr unsigned kMostBits = 12;
  constexpr std::size_t kMostCodes = std::size_t{1} << kMostBits;
  const std::size_t clear = std::size_t{1} << start_bits;
  std::vector<std::uint8_t> out;
  out.reserve(count);
  // A code stands for a text that is already in `out`, from `first[code]` on, `length[code]` long.
  std::array<std::size_t, kMostCodes> first{};
  std::array<std::size_t, kMostCodes> length{};
  std::size_t next = clear + 2;
  unsigned bits = start_bits + 1;
  std::size_t last = 0;  // length of the text before; 0 behind a clear code
  std::uint32_t buffer = 0;
  unsigned filled = 0;
  std::size_t at = 0;
  while (out.size() < count) {
    for (; filled < bits; filled += 8) {
      if (at == data.size()) fail_truncated("GIF", "inside the picture");
      buffer |= std::uint32_t{data[at++]} << filled;
    }
    const std::size_t code = buffer & ((1U << bits) - 1);
    buffer >>= bits;
    filled -= bits;
    if (code == clear) {
      next = clear + 2;
      bits = start_bits + 1;
      last = 0;
      continue;
    }
    if (code == clear + 1) fail_truncated("GIF", "inside the picture");
    if (code > next || (code == next && last == 0)) fail_damaged("GIF", "a code in it stands for nothing");
    const std::size_t start = out.size();
    // Each code but the first adds one: the text before it and the first letter of its own.
    if (last != 0 && next < kMostCodes) {
      first[next] = start - last;
      length[next] = last + 1;
      ++next;
      if (next == std::size_t{1} << bits && bits < kMostBits) ++bits;
    } else if (code >= next) {
      fail_damaged("GIF", "a code in it stands for nothing");
    }
    if (code < clear) {
      out.push_back(static_cast<std::uint8_t>(code));
      last = 1;
    } else {
      for (std::size_t i = 0; i < length[code]; ++i) out.push_back(out[first[code] + i]);
      last = length[code];
    }
  }
  out.resize(count);
  return out;
}

/// The row of the picture that is stored as the `i`-th: every eighth first, then what lies between.
std::size_t interlaced_row(std::size_t i, std::size_t height) {
  for (const auto& [begin, step] : {std::pair<std::size_t, std::size_t>{0, 8}, {4, 8}, {2, 4}, {1, 2}}) {
    const std::size_t rows = begin < height ? (height - begin + step - 1) / step : 0;
    if (i < rows) return begin + i * step;
    i -= rows;
  }
  return 0;
}

/// A picture of the file, packed, and what becomes of it.
struct Frame {
  Place place;
  bool interlaced = false;
  After after = After::keep;
  std::optional<unsigned> clear;  ///< the colour that is transparent
  Bytes palette;
  unsigned bits = 0;  ///< of the first codes
  std::vector<std::uint8_t> data;
};

/// Passes over the extensions at `at`; what they say of the next picture becomes that.
void read_extensions(Bytes file, std::size_t& at, Frame& frame) {
  while (at < file.size() && file[at] == kExtension) {
    if (file.size() - at < 2) break;
    const std::uint8_t label = file[at + 1];
    at += 2;
    const std::vector<std::uint8_t> block = read_blocks(file, at);
    if (label != kGraphicControl || block.size() < 4) continue;
    frame.clear = (block[0] & 1U) != 0 ? std::optional<unsigned>(block[3]) : std::nullopt;
    const unsigned after = block[0] >> 2U & 7U;
    frame.after = after == 2 ? After::clear : after == 3 ? After::restore : After::keep;
  }
}

/// The picture at `at`, which moves behind it.
void read_picture(Bytes file, std::size_t& at, Bytes common_palette, Frame& frame) {
  if (file.size() - at < 1 + kDescriptor + 1) fail_truncated("GIF", "inside the header of its picture");
  frame.place = {little16(file, at + 1), little16(file, at + 3), little16(file, at + 5),
                 little16(file, at + 7)};
  const unsigned flags = file[at + 9];
  frame.interlaced = (flags & 0x40U) != 0;
  at += 1 + kDescriptor;
  const Bytes own = read_palette(file, flags, at);
  frame.palette = own.empty() ? common_palette : own;
  if (at >= file.size()) fail_truncated("GIF", "before its pixels");
  frame.bits = file[at++];
  frame.data = read_blocks(file, at);
}

/// RGB and alpha, for a size that require_size has seen.
StoredPicture pixels_of(const Frame& frame) {
  if (frame.bits < 1 || frame.bits > 11) fail_damaged("GIF", "its codes have an impossible length");
  const auto width = static_cast<std::size_t>(frame.place.width);
  const auto height = static_cast<std::size_t>(frame.place.height);
  // No code stands for more than 4096 pixels: what a header alone promises is not allocated.
  if (width * height / 4096 > frame.data.size()) fail_truncated("GIF", "inside the picture");
  const std::vector<std::uint8_t> indices = unpack(frame.data, frame.bits, width * height);
  StoredPicture picture = blank_picture(frame.place.width, frame.place.height, 4);
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const std::size_t row = frame.interlaced ? interlaced_row(i / width, height) : i / width;
    std::uint8_t* const out = picture.samples.data() + (row * width + i % width) * 4;
    const std::size_t index = indices[i];
    for (std::size_t c = 0; c < 3; ++c) {
      out[c] = frame.palette.empty()                  ? indices[i]
               : index * 3 + c < frame.palette.size() ? frame.palette[index * 3 + c]
                                                      : std::uint8_t{0};
    }
    out[3] = frame.clear == index ? 0 : 255;
  }
  return picture;
}

}  // namespace

/// A frame on its canvas, which is clear where no frame is, as browsers have it.
Container read_gif(Bytes file, double max_megapixels, int wanted) {
  Container result;
  result.format = "GIF";
  result.alpha = Alpha::straight;
  if (file.size() < kScreen) fail_truncated("GIF", "inside the header");
  std::size_t at = kScreen;
  const Bytes common = read_palette(file, file[10], at);
  Frame frame;
  read_extensions(file, at, frame);
  if (at >= file.size()) fail_truncated("GIF", "before its first picture");
  if (file[at] != kPicture) fail_damaged("GIF", "it holds no picture");
  read_picture(file, at, common, frame);
  // Some writers leave the canvas at nothing, or have it smaller than the picture.
  Container::Canvas canvas{std::max<std::int64_t>(little16(file, 6), frame.place.x + frame.place.width),
                           std::max<std::int64_t>(little16(file, 8), frame.place.y + frame.place.height),
                           frame.place.x, frame.place.y};
  require_size("GIF", canvas.width, canvas.height, max_megapixels);
  require_size("GIF", frame.place.width, frame.place.height, max_megapixels);
  if (wanted == 0) {
    result.width = frame.place.width;
    result.height = frame.place.height;
    result.picture = pixels_of(frame);
    result.canvas = canvas;
    return result;
  }
  AnimationCanvas seen(canvas.width, canvas.height);
  for (int i = 0;; ++i) {
    seen.lay(pixels_of(frame).samples, frame.place, frame.after, blend_over);
    if (i == wanted) break;
    frame = {};
    read_extensions(file, at, frame);
    if (at >= file.size() || file[at] != kPicture) fail_no_frame("GIF", wanted, i + 1);
    read_picture(file, at, common, frame);
    require_size("GIF", frame.place.width, frame.place.height, max_megapixels);
  }
  result.width = canvas.width;
  result.height = canvas.height;
  result.picture = seen.take();
  return result;
}

}  // namespace caption
