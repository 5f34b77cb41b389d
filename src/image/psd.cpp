#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "image/cmyk.h"
#include "image/container.h"

namespace caption {
namespace {

enum Mode : unsigned { kBitmap, kGrey, kIndexed, kRgb, kCmyk, kMultichannel = 7, kDuotone = 8, kLab = 9 };
enum Compression : unsigned { kPlain, kPackBits };

constexpr std::size_t kHeader = 26;

struct Psd {
  unsigned channels = 0;
  unsigned bits = 0;
  unsigned mode = 0;
  Bytes palette;          ///< 256 reds, greens, blues
  std::size_t taken = 0;  ///< channels that we read
};

/// The section at `at`, which begins with its length; moves `at` behind it.
Bytes read_section(Bytes file, std::size_t& at) {
  if (file.size() - at < 4) fail_truncated("Photoshop file", "before its picture");
  const std::size_t length = big32(file, at);
  if (file.size() - at - 4 < length) fail_truncated("Photoshop file", "before its picture");
  at += 4 + length;
  return file.subspan(at - length, length);
}

void require_supported(Psd& psd) {
  const bool colours = psd.mode == kRgb || psd.mode == kCmyk;
  const bool grey = psd.mode == kGrey || psd.mode == kDuotone || psd.mode == kMultichannel;
  const bool known = psd.mode == kBitmap    ? psd.bits == 1
                     : psd.mode == kIndexed ? psd.bits == 8
                                            : (colours || grey) && (psd.bits == 8 || psd.bits == 16);
  if (!known)
    fail_unsupported("the file is a Photoshop file of mode " + std::to_string(psd.mode) + " and " +
                     std::to_string(psd.bits) + " bits per channel");
  psd.taken = psd.mode == kCmyk ? 4 : psd.mode == kRgb ? psd.channels == 4 ? 4 : 3 : 1;
  if (psd.channels < psd.taken) fail_damaged("Photoshop file", "it has too few channels");
}

/// A row of PackBits, appended as `size` bytes.
void unpack_row(Bytes packed, std::size_t size, std::vector<std::uint8_t>& out) {
  const std::size_t end = out.size() + size;
  for (std::size_t at = 0; at < packed.size() && out.size() < end;) {
    const unsigned head = packed[at++];
    if (head == 128) continue;
    const std::size_t count = std::min<std::size_t>(head < 128 ? head + 1 : 257 - head, end - out.size());
    if (packed.size() - at < (head < 128 ? count : 1)) break;
    if (head < 128) {
      append(out, packed.subspan(at, count));
      at += count;
    } else {
      out.insert(out.end(), count, packed[at++]);
    }
  }
  if (out.size() != end) fail_damaged("Photoshop file", "a packed row is too short");
}

/// The channels that are read, one behind the other.
std::vector<std::uint8_t> read_channels(const Psd& psd, Bytes data, std::size_t row, std::size_t height) {
  if (data.size() < 2) fail_truncated("Photoshop file", "before its picture");
  const unsigned compression = big16(data, 0);
  data = data.subspan(2);
  std::vector<std::uint8_t> out;
  if (compression == kPlain) {
    if (data.size() < row * height * psd.taken) fail_truncated("Photoshop file", "inside the picture");
    append(out, data.first(row * height * psd.taken));
    return out;
  }
  if (compression != kPackBits)
    fail_unsupported("the file is a Photoshop file with compression " + std::to_string(compression));
  const std::size_t lengths = std::size_t{2} * psd.channels * height;
  if (data.size() < lengths) fail_truncated("Photoshop file", "inside the picture");
  std::size_t at = lengths;
  for (std::size_t i = 0; i < psd.taken * height; ++i) {
    const std::size_t length = big16(data, 2 * i);
    if (data.size() - at < length) fail_truncated("Photoshop file", "inside the picture");
    unpack_row(data.subspan(at, length), row, out);
    at += length;
  }
  return out;
}

/// The ICC profile among the resources: each has a mark, a number, a name and its data, with even lengths.
void read_profile(Container& result, Bytes resources) {
  constexpr unsigned kProfile = 1039;
  for (std::size_t at = 0; resources.size() - at >= 12;) {
    const unsigned number = big16(resources, at + 4);
    at += 6 + (std::size_t{resources[at + 6]} + 2) / 2 * 2;
    if (at > resources.size() || resources.size() - at < 4) return;
    const std::size_t length = big32(resources, at);
    at += 4;
    if (resources.size() - at < length) return;
    if (number == kProfile) append(result.profile, resources.subspan(at, length));
    at = std::min(at + length + length % 2, resources.size());
  }
}

/// The values of one pixel, of 8 bits each -> RGB, and alpha if there is one.
void colour(const Psd& psd, const std::array<std::uint8_t, 4>& values, std::uint8_t* out) {
  if (psd.mode == kRgb) {
    std::copy_n(values.begin(), psd.taken, out);
  } else if (psd.mode == kCmyk) {
    std::array<std::uint8_t, 4> ink{};  // stored as what is left of the paper
    for (std::size_t c = 0; c < 4; ++c) ink[c] = static_cast<std::uint8_t>(255 - values[c]);
    cmyk_to_rgb(ink.data(), out);
  } else {
    for (std::size_t c = 0; c < 3; ++c)
      out[c] = psd.mode == kIndexed ? psd.palette[c * 256 + values[0]] : values[0];
  }
}

}  // namespace

/// The flattened picture, which lies behind the layers.
Container read_psd(Bytes file, double max_megapixels) {
  Container result;
  result.format = "Photoshop file";
  if (file.size() < kHeader) fail_truncated("Photoshop file", "inside the header");
  if (big16(file, 4) != 1) fail_unsupported("the format is Photoshop's large document (PSB)");
  Psd psd{big16(file, 12), big16(file, 22), big16(file, 24)};
  result.height = big32(file, 14);
  result.width = big32(file, 18);
  require_size("Photoshop file", result.width, result.height, max_megapixels);
  require_supported(psd);
  std::size_t at = kHeader;
  psd.palette = read_section(file, at);
  if (psd.mode == kIndexed && psd.palette.size() < 768)
    fail_damaged("Photoshop file", "its palette is missing");
  read_profile(result, read_section(file, at));
  read_section(file, at);  // layers

  const auto width = static_cast<std::size_t>(result.width);
  const auto height = static_cast<std::size_t>(result.height);
  const std::size_t row = (width * psd.bits + 7) / 8;
  const std::vector<std::uint8_t> channels = read_channels(psd, file.subspan(at), row, height);
  const bool alpha = psd.mode == kRgb && psd.taken == 4;
  if (alpha) result.alpha = Alpha::straight;
  StoredPicture picture = blank_picture(result.width, result.height, alpha ? 4 : 3);
  for (std::size_t i = 0; i < width * height; ++i) {
    std::array<std::uint8_t, 4> values{};
    const std::size_t x = i % width;
    for (std::size_t c = 0; c < psd.taken; ++c) {
      const std::uint8_t* const line = channels.data() + (c * height + i / width) * row;
      const bool ink = psd.bits == 1 && (line[x / 8] >> (7 - x % 8) & 1U) != 0;
      values[c] = psd.bits == 1 ? (ink ? std::uint8_t{0} : std::uint8_t{255}) : line[x * psd.bits / 8];
    }
    colour(psd, values, picture.samples.data() + i * static_cast<std::size_t>(picture.channels));
  }
  result.picture = std::move(picture);
  return result;
}

}  // namespace caption
