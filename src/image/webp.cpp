#include <algorithm>
#include <cstddef>
#include <utility>

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

/// The picture of an ANMF chunk.
Frame read_frame(Bytes chunk) {
  Frame frame;
  if (chunk.size() < 8 + kFrameHeader) fail_damaged("WebP", "an animation's frame has no header");
  const Bytes inner = chunk.subspan(8 + kFrameHeader);
  for (std::size_t at = 0; at < inner.size();) {
    const Bytes part = read_chunk(inner, at);
    collect(frame, part);
    at += padded(part);
  }
  return frame;
}

/// Where the picture of an ANMF chunk, which has a header, begins.
Place place_of(Bytes chunk) {
  return {2 * std::int64_t{little24(chunk, 8)}, 2 * std::int64_t{little24(chunk, 11)}};
}

/// Whether the coded picture may have transparent pixels.
bool has_alpha(const Frame& frame) {
  const bool lossless = has(frame.picture, 0, "VP8L"sv);
  return lossless ? (frame.picture[12] & 0x10U) != 0 : !frame.alpha.empty();
}

/// The frames of an animation. libwebp blends none that covers all, or of which nothing is below.
std::vector<Layer> read_layers(const std::vector<Bytes>& chunks, const Container::Canvas& canvas,
                               double max_megapixels) {
  std::vector<Layer> layers;
  bool starts_anew = true;
  for (const Bytes chunk : chunks) {
    const Frame frame = read_frame(chunk);
    if (frame.picture.empty()) fail_damaged("WebP", "a frame of it holds no picture");
    Container size;
    read_size(size, frame.picture, max_megapixels);
    Layer layer{still_file(size, frame), place_of(chunk)};
    layer.place.width = size.width;
    layer.place.height = size.height;
    if (layer.place.x + size.width > canvas.width || layer.place.y + size.height > canvas.height)
      fail_damaged("WebP", "a frame of it lies outside of its canvas");
    const unsigned flags = chunk[8 + kFrameHeader - 1];
    const bool replaces = (flags & 2U) != 0;
    const bool covers_all = size.width == canvas.width && size.height == canvas.height;
    const bool covers = covers_all && (replaces || !has_alpha(frame));
    const bool anew = starts_anew || covers;
    layer.blend = replaces || anew ? replace : blend_as_webp;
    layer.after = (flags & 1U) != 0 ? After::clear : After::keep;
    starts_anew = layer.after == After::clear && (covers_all || anew);
    layers.push_back(std::move(layer));
  }
  return layers;
}

}  // namespace

Container read_webp(Bytes file, double max_megapixels, int frame) {
  Container result;
  result.format = "WebP";
  result.alpha = Alpha::straight;
  const std::size_t riff_size = little32(file, 4);
  if (riff_size < 4) fail_damaged("WebP", "its RIFF header has an impossible length");
  if (file.size() - 8 < riff_size) fail_truncated("WebP", "before the length that its header states");
  const Bytes chunks = file.subspan(12, riff_size - 4);
  Frame still;
  std::vector<Bytes> frames;
  Container::Canvas canvas{0, 0, 0, 0};
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
    } else if (has(chunk, 0, "ANMF"sv)) {
      frames.push_back(chunk);
    } else {
      collect(still, chunk);
    }
  }
  const auto count = static_cast<std::int64_t>(std::max<std::size_t>(frames.size(), 1));
  if (frame >= count) fail_no_frame("WebP", frame, count);
  if (frame > 0) {
    frames.resize(static_cast<std::size_t>(frame) + 1);
    result.layers = read_layers(frames, canvas, max_megapixels);
    result.canvas = canvas;
    return result;
  }
  if (!frames.empty()) still = read_frame(frames.front());
  if (still.picture.empty()) fail_damaged("WebP", "it holds no picture");
  read_size(result, still.picture, max_megapixels);
  if (!frames.empty()) {
    const Place place = place_of(frames.front());
    canvas.x = place.x;
    canvas.y = place.y;
    if (canvas.x + result.width > canvas.width || canvas.y + result.height > canvas.height) {
      fail_damaged("WebP", "the animation's first frame lies outside of its canvas");
    }
    result.canvas = canvas;
  }
  result.stream = still_file(result, still);
  return result;
}

}  // namespace caption
