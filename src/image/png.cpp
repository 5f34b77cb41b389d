#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/crc32.h"
#include "image/apng.h"
#include "image/container.h"
#include "image/png_texts.h"

namespace caption {
namespace {

constexpr std::uint32_t chunk_type(const char (&name)[5]) {
  std::uint32_t type = 0;
  for (int i = 0; i < 4; ++i) type = type << 8 | static_cast<std::uint8_t>(name[i]);
  return type;
}

enum Colour : int { kGrey = 0, kRgb = 2, kPalette = 3, kGreyAlpha = 4, kRgba = 6 };

struct Png {
  Container container;
  int depth = 0;
  int colour = -1;
  std::size_t palette_size = 0;  ///< colours
  bool has_data = false;
  bool has_exif = false;
  PngTexts texts;
  ApngFrames frames;
};

/// Whether it is one of the ancillary chunks (the fifth bit of their first letter is set) that nothing here
/// reads: what is wrong in it costs no picture. Those of an animation are read if another frame than the
/// first is wanted.
bool is_dropped(std::uint32_t type, int frame) {
  const bool of_frames = type == chunk_type("fcTL") || type == chunk_type("fdAT");
  return (type >> 24U & 0x20U) != 0 && type != chunk_type("tRNS") && type != chunk_type("eXIf") &&
         (frame == 0 || !of_frames);
}

void read_header(Png& png, Bytes data, double max_megapixels) {
  if (data.size() != 13) fail_damaged("PNG", "the header has the wrong length");
  png.container.width = big32(data, 0);
  png.container.height = big32(data, 4);
  png.depth = data[8];
  png.colour = data[9];
  const bool depth_known =
      png.depth == 1 || png.depth == 2 || png.depth == 4 || png.depth == 8 || png.depth == 16;
  if (!depth_known) fail_damaged("PNG", "its depth is " + std::to_string(png.depth) + " bits");
  require_size("PNG", png.container.width, png.container.height, max_megapixels);
  if (png.colour == kGreyAlpha || png.colour == kRgba) png.container.alpha = Alpha::straight;
}

/// Notes what is transparent. Returns whether libpng should see the chunk: it warns on stderr of what does
/// not fit.
bool read_transparency(Png& png, Bytes data) {
  const int top = (1 << png.depth) - 1;
  if (png.colour == kGrey && data.size() == 2) {
    // OpenCV ignores this for grey pictures. The value has the file's depth, the decoded picture 8 or 16
    // bits.
    const auto value = static_cast<int>(big16(data, 0));
    png.container.clear_grey = png.depth < 8 ? value * 255 / top : value;
    return false;
  }
  bool fits = png.colour == kPalette && !data.empty() && data.size() <= png.palette_size;
  if (png.colour == kRgb && data.size() == 6) {
    fits = true;
    for (std::size_t i = 0; i < 6; i += 2) fits = fits && big16(data, i) <= static_cast<std::uint32_t>(top);
  }
  if (fits) png.container.alpha = Alpha::straight;
  return fits;
}

/// A profile's name up to a NUL, the number of its packing, 0, and the profile as zlib packs it.
void read_profile(Container& container, Bytes data) {
  const auto name_end = std::find(data.begin(), data.end(), std::uint8_t{0});
  const auto packed = static_cast<std::size_t>(name_end - data.begin()) + 2;
  if (packed > data.size() || data[packed - 1] != 0) return;
  append(container.profile, data.subspan(packed));
  container.profile_is_packed = true;
}

void read_text(PngTexts& texts, std::uint32_t type, Bytes data) {
  if (type == chunk_type("tEXt")) texts.read_plain(data);
  if (type == chunk_type("zTXt")) texts.read_packed(data);
  if (type == chunk_type("iTXt")) texts.read_international(data);
}

/// Hands on what belongs to an animation's frames: of `chunk` the type and, without its checksum, the data.
void collect_frames(ApngFrames& frames, std::uint32_t type, Bytes chunk, bool wanted) {
  const Bytes data = chunk.subspan(8, chunk.size() - 12);
  if (type == chunk_type("fcTL")) {
    frames.control(data);
  } else if (type == chunk_type("fdAT")) {
    frames.add_data(data);
  } else if (type == chunk_type("IDAT")) {
    frames.add_first_data(data);
  } else if (wanted && type != chunk_type("IEND")) {
    frames.share(chunk);
  }
}

}  // namespace

Container read_png(Bytes file, double max_megapixels, int frame) {
  constexpr std::uint32_t kHeader = chunk_type("IHDR");
  constexpr std::uint32_t kEnd = chunk_type("IEND");
  Png png;
  png.container.format = "PNG";
  std::vector<std::uint8_t>& stream = png.container.stream;
  stream.assign(file.begin(), file.begin() + 8);
  stream.reserve(file.size());
  std::uint32_t type = 0;
  for (std::size_t at = 8; type != kEnd;) {
    if (file.size() - at < 12) fail_truncated("PNG", "before the chunk IEND");
    const std::size_t length = big32(file, at);
    type = big32(file, at + 4);
    if (file.size() - at - 12 < length) fail_truncated("PNG", "inside a chunk");
    if (!is_dropped(type, frame) &&
        crc32(std::as_bytes(file.subspan(at + 4, length + 4))) != big32(file, at + 8 + length)) {
      fail_damaged("PNG", "a chunk's checksum is wrong");
    }
    if (type == chunk_type("CgBI")) fail_unsupported("the file is Apple's variant of PNG");
    if ((type == kHeader) != (at == 8)) fail_damaged("PNG", "it does not begin with one header");
    const Bytes data = file.subspan(at + 8, length);
    bool wanted = true;
    if (type == kHeader) {
      read_header(png, data, max_megapixels);
    } else if (type == chunk_type("PLTE")) {
      png.palette_size = length / 3;
    } else if (type == chunk_type("tRNS")) {
      wanted = read_transparency(png, data);
    } else if (type == chunk_type("IDAT")) {
      png.has_data = true;
    } else if (type == chunk_type("eXIf")) {
      png.has_exif = true;
      png.container.orientation.read_exif(data);
      wanted = false;
    } else if (type == chunk_type("iCCP")) {
      read_profile(png.container, data);
      wanted = false;
    } else {
      read_text(png.texts, type, data);
      wanted = type == kEnd;
    }
    // The rest (colour profiles, texts, further frames) is not needed, and libpng complains of much of it on
    // stderr.
    if (wanted) append(stream, file.subspan(at, length + 12));
    if (frame > 0) collect_frames(png.frames, type, file.subspan(at, length + 12), wanted);
    at += length + 12;
  }
  if (!png.has_data) fail_damaged("PNG", "it holds no picture");
  png.texts.tell(png.container.orientation, png.has_exif);
  if (png.colour == kPalette && png.palette_size == 0) fail_damaged("PNG", "the palette is missing");
  if (frame > 0) {
    png.container.layers = png.frames.layers(frame);
    png.container.canvas = {png.container.width, png.container.height, 0, 0};
  }
  return std::move(png.container);
}

}  // namespace caption
