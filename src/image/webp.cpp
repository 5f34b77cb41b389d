#include <cstddef>

#include "image/container.h"

namespace caption {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::size_t kFrameHeader = 16;  // of an ANMF chunk, before its own chunks

/// The chunks that make one picture.
struct Frame {
  Bytes alpha;    ///< the ALPH chunk, header included
  Bytes picture;  ///< the "VP8 " or "VP8L" chunk, header included
};

/// The chunk at `at`, its 8 bytes of header included, without the padding byte.
Bytes read_chunk(Bytes chunks, std::size_t at) {
  if (chunks.size() - at < 8) fail_truncated("WebP", "inside a chunk");
  const std::size_t length = little32(chunks, at + 4);
  if (chunks.size() - at - 8 < length) fail_truncated("WebP", "inside a chunk");
  return chunks.subspan(at, 8 + length);
}

std::size_t padded(Bytes chunk) {
  return chunk.size() + chunk.size() % 2;
}

void collect(Frame& frame, Bytes chunk) {
  if (has(chunk, 0, "ALPH"sv) && frame.picture.empty()) frame.alpha = chunk;
  if (frame.picture.empty() && (has(chunk, 0, "VP8 "sv) || has(chunk, 0, "VP8L"sv))) frame.picture = chunk;
}

/// Size from the coded picture itself.
void read_size(Container& result, Bytes picture, double max_megapixels) {
  if (has(picture, 0, "VP8L"sv)) {
    if (picture.size() < 13 || picture[8] != 0x2F) fail_damaged("WebP", "the lossless picture has no header");
    const std::uint32_t bits = little32(picture, 9);
    result.width = (bits & 0x3FFF) + 1;
    result.height = (bits >> 14 & 0x3FFF) + 1;
  } else {
    if (picture.size() < 18 || !has(picture, 11, "\x9D\x01\x2A"sv)) {
      fail_damaged("WebP", "the picture has no header");
    }
    result.width = little16(picture, 14) & 0x3FFF;
    result.height = little16(picture, 16) & 0x3FFF;
  }
  require_size("WebP", result.width, result.height, max_megapixels);
}

/// A still file of one frame, which is all that OpenCV reads.
std::vector<std::uint8_t> still_file(const Container& result, const Frame& frame) {
  std::vector<std::uint8_t> body;
  const auto add = [&](Bytes chunk) {
    append(body, chunk);
    if (chunk.size() % 2 != 0) body.push_back(0);
  };
  if (!frame.alpha.empty() && has(frame.picture, 0, "VP8 "sv)) {
    const auto width = static_cast<std::uint32_t>(result.width - 1);
    const auto height = static_cast<std::uint32_t>(result.height - 1);
    constexpr std::uint32_t kAlphaFlag = 0x10;
    append(body, Bytes(reinterpret_cast<const std::uint8_t*>("VP8X"), 4));
    append_little32(body, 10);
    append_little32(body, kAlphaFlag);
    for (const std::uint32_t side : {width, height}) {
      for (int shift = 0; shift < 24; shift += 8) body.push_back(static_cast<std::uint8_t>(side >> shift));
    }
    add(frame.alpha);
  }
  add(frame.picture);
  std::vector<std::uint8_t> file;
  file.reserve(body.size() + 12);
  append(file, Bytes(reinterpret_cast<const std::uint8_t*>("RIFF"), 4));
  append_little32(file, static_cast<std::uint32_t>(body.size() + 4));
  append(file, Bytes(reinterpret_cast<const std::uint8_t*>("WEBP"), 4));
  append(file, body);
  return file;
}

}  // namespace

Container read_webp(Bytes file, double max_megapixels) {
  Container result;
  result.format = "WebP";
  result.alpha = Alpha::straight;
  const std::size_t riff_size = little32(file, 4);
  if (riff_size < 4) fail_damaged("WebP", "its RIFF header has an impossible length");
  if (file.size() - 8 < riff_size) fail_truncated("WebP", "before the length that its header states");
  const Bytes chunks = file.subspan(12, riff_size - 4);
  Frame frame;
  Container::Canvas canvas{0, 0, 0, 0};
  bool animated = false;
  for (std::size_t at = 0; at < chunks.size();) {
    const Bytes chunk = read_chunk(chunks, at);
    at += padded(chunk);
    if (has(chunk, 0, "VP8X"sv) && chunk.size() >= 18) {
      canvas.width = little24(chunk, 12) + std::int64_t{1};
      canvas.height = little24(chunk, 15) + std::int64_t{1};
      require_size("WebP", canvas.width, canvas.height, max_megapixels);
    } else if (has(chunk, 0, "EXIF"sv)) {
      result.orientation.read_exif(chunk.subspan(8));
    } else if (has(chunk, 0, "ICCP"sv)) {
      append(result.profile, chunk.subspan(8));
    } else if (has(chunk, 0, "XMP "sv)) {
      result.orientation.read_xmp(chunk.subspan(8));
    } else if (has(chunk, 0, "ANMF"sv) && !animated) {
      animated = true;
      if (chunk.size() < 8 + kFrameHeader) fail_damaged("WebP", "an animation's frame has no header");
      canvas.x = 2 * std::int64_t{little24(chunk, 8)};
      canvas.y = 2 * std::int64_t{little24(chunk, 11)};
      const Bytes inner = chunk.subspan(8 + kFrameHeader);
      for (std::size_t i = 0; i < inner.size();) {
        const Bytes part = read_chunk(inner, i);
        collect(frame, part);
        i += padded(part);
      }
    } else {
      collect(frame, chunk);
    }
  }
  if (frame.picture.empty()) fail_damaged("WebP", "it holds no picture");
  read_size(result, frame.picture, max_megapixels);
  if (animated) {
    if (canvas.x + result.width > canvas.width || canvas.y + result.height > canvas.height) {
      fail_damaged("WebP", "the animation's first frame lies outside of its canvas");
    }
    result.canvas = canvas;
  }
  result.stream = still_file(result, frame);
  return result;
}

}  // namespace caption
