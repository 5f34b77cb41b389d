#include <tiffio.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "image/cmyk.h"
#include "image/codecs.h"

namespace caption {
namespace {

using Tiff = std::unique_ptr<TIFF, decltype(&TIFFClose)>;

/// A file in memory, as libtiff reads it.
struct Source {
  Bytes bytes;
  std::uint64_t at = 0;
};

tmsize_t read_some(thandle_t handle, void* to, tmsize_t count) {
  Source& source = *static_cast<Source*>(handle);
  if (source.at >= source.bytes.size() || count <= 0) return 0;
  const auto size = static_cast<tmsize_t>(
      std::min<std::uint64_t>(static_cast<std::uint64_t>(count), source.bytes.size() - source.at));
  std::memcpy(to, source.bytes.data() + source.at, static_cast<std::size_t>(size));
  source.at += static_cast<std::uint64_t>(size);
  return size;
}
tmsize_t write_nothing(thandle_t, void*, tmsize_t) {
  return 0;
}
toff_t seek_to(thandle_t handle, toff_t offset, int whence) {
  Source& source = *static_cast<Source*>(handle);
  source.at = offset + (whence == SEEK_CUR ? source.at : whence == SEEK_END ? source.bytes.size() : 0);
  return source.at;
}
int close_nothing(thandle_t) {
  return 0;
}
toff_t size_of(thandle_t handle) {
  return static_cast<Source*>(handle)->bytes.size();
}

/// How the samples of the picture lie in the file.
struct Layout {
  std::size_t width = 0;
  std::size_t height = 0;
  std::size_t samples = 1;  ///< of a pixel
  unsigned bits = 1;        ///< of a sample: 1 to 16
  bool separate = false;    ///< each sample in a plane of its own
  std::uint16_t photometric = PHOTOMETRIC_MINISBLACK;
};

Layout layout_of(TIFF* tiff, const Container& container) {
  std::uint16_t samples = 1;
  std::uint16_t bits = 1;
  std::uint16_t planes = PLANARCONFIG_CONTIG;
  Layout layout;
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &samples);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &bits);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &planes);
  TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &layout.photometric);
  layout.width = static_cast<std::size_t>(container.width);
  layout.height = static_cast<std::size_t>(container.height);
  layout.samples = samples;
  layout.bits = bits;
  if (bits == 0 || bits > 16) fail_damaged("TIFF", "its samples have an odd size");
  layout.separate = planes == PLANARCONFIG_SEPARATE && samples > 1;
  return layout;
}

/// All samples of the picture, [height, width, samples], as the file has them.
class Samples {
 public:
  Samples(TIFF* tiff, const Layout& layout) : layout_(layout) {
    values_.resize(layout.width * layout.height * layout.samples);
    for (std::uint16_t plane = 0; plane < (layout.separate ? layout.samples : 1); ++plane) {
      if (TIFFIsTiled(tiff) != 0) {
        read_tiles(tiff, plane);
      } else {
        read_strips(tiff, plane);
      }
    }
  }

  const std::uint16_t* pixel(std::size_t x, std::size_t y) const {
    return values_.data() + (y * layout_.width + x) * layout_.samples;
  }

 private:
  /// A buffer for a strip or a tile, which is not much larger than the picture.
  std::vector<std::uint8_t> buffer_of(std::uint64_t size, std::uint64_t least) const {
    const std::uint64_t picture = values_.size() * sizeof(std::uint16_t);
    constexpr std::uint64_t kSpare = std::uint64_t{16} << 20U;
    if (size < least || size > picture + kSpare) fail_damaged("TIFF", "its strips or tiles have an odd size");
    return std::vector<std::uint8_t>(size);
  }

  std::size_t in_plane() const { return layout_.separate ? 1 : layout_.samples; }
  std::size_t row_bytes(std::size_t width) const { return (width * in_plane() * layout_.bits + 7) / 8; }

  void read_tiles(TIFF* tiff, std::uint16_t plane) {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &width);
    TIFFGetField(tiff, TIFFTAG_TILELENGTH, &height);
    if (width == 0 || height == 0) fail_damaged("TIFF", "its tiles have no size");
    std::vector<std::uint8_t> buffer =
        buffer_of(TIFFTileSize64(tiff), std::uint64_t{row_bytes(width)} * height);
    for (std::size_t y = 0; y < layout_.height; y += height) {
      for (std::size_t x = 0; x < layout_.width; x += width) {
        const std::uint32_t tile =
            TIFFComputeTile(tiff, static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(y), 0, plane);
        require(TIFFReadEncodedTile(tiff, tile, buffer.data(), static_cast<tmsize_t>(buffer.size())),
                buffer.size());
        take(buffer, width, height, x, y, plane);
      }
    }
  }

  void read_strips(TIFF* tiff, std::uint16_t plane) {
    std::uint32_t rows = 0;
    TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &rows);
    if (rows == 0) fail_damaged("TIFF", "its strips have no rows");
    std::vector<std::uint8_t> buffer = buffer_of(TIFFStripSize64(tiff), 0);
    for (std::size_t y = 0; y < layout_.height; y += rows) {
      const std::size_t count = std::min<std::size_t>(rows, layout_.height - y);
      const std::size_t size = row_bytes(layout_.width) * count;
      if (buffer.size() < size) fail_damaged("TIFF", "its strips have an odd size");
      const std::uint32_t strip = TIFFComputeStrip(tiff, static_cast<std::uint32_t>(y), plane);
      require(TIFFReadEncodedStrip(tiff, strip, buffer.data(), static_cast<tmsize_t>(size)), size);
      take(buffer, layout_.width, count, 0, y, plane);
    }
  }

  static void require(tmsize_t read, std::size_t wanted) {
    if (read < 0 || static_cast<std::size_t>(read) < wanted)
      fail_damaged("TIFF", "it cannot be decoded (libtiff)");
  }

  /// The samples of a strip or tile that lie in the picture.
  void take(const std::vector<std::uint8_t>& buffer, std::size_t width, std::size_t height, std::size_t left,
            std::size_t top, std::size_t plane) {
    const std::size_t count = in_plane();
    const std::size_t columns = std::min(width, layout_.width - left);
    for (std::size_t y = 0; y < std::min(height, layout_.height - top); ++y) {
      const std::uint8_t* const row = buffer.data() + y * row_bytes(width);
      std::uint16_t* out = values_.data() + ((top + y) * layout_.width + left) * layout_.samples + plane;
      for (std::size_t i = 0; i < columns * count; out += layout_.samples) {
        for (std::size_t c = 0; c < count; ++c) out[c] = value_at(row, i++);
      }
    }
  }

  std::uint16_t value_at(const std::uint8_t* row, std::size_t i) const {
    if (layout_.bits == 8) return row[i];
    if (layout_.bits == 16) {  // which libtiff has brought into the machine's order
      std::uint16_t value = 0;
      std::memcpy(&value, row + 2 * i, 2);
      return value;
    }
    unsigned value = 0;
    for (std::size_t bit = i * layout_.bits, end = bit + layout_.bits; bit < end;) {  // one to three bytes
      const std::size_t part = std::min(8 - bit % 8, end - bit);
      const unsigned rest = row[bit / 8] & (0xFFU >> bit % 8);
      value = value << part | rest >> (8 - bit % 8 - part);
      bit += part;
    }
    return static_cast<std::uint16_t>(value);
  }

  const Layout& layout_;
  std::vector<std::uint16_t> values_;
};

/// A sample as 8 bits: of 16 the upper ones, fewer than 8 stretched, as Pillow does; of those between, the
/// upper ones, too.
std::uint8_t to_byte(unsigned value, unsigned bits) {
  return static_cast<std::uint8_t>(bits > 8 ? value >> (bits - 8) : value * 255 / ((1U << bits) - 1));
}

struct Palette {
  std::array<std::uint16_t*, 3> colours{};
};

void colour(const std::uint16_t* pixel, const Layout& layout, const Palette& palette, std::uint8_t* out) {
  if (layout.photometric == PHOTOMETRIC_PALETTE) {
    for (std::size_t c = 0; c < 3; ++c)
      out[c] = static_cast<std::uint8_t>(palette.colours[c][pixel[0]] >> 8U);
  } else if (layout.photometric == PHOTOMETRIC_SEPARATED) {
    std::array<std::uint8_t, 4> ink{};
    for (std::size_t c = 0; c < 4; ++c) ink[c] = to_byte(pixel[c], layout.bits);
    cmyk_to_rgb(ink.data(), out);
  } else if (layout.photometric == PHOTOMETRIC_RGB) {
    for (std::size_t c = 0; c < 3; ++c) out[c] = to_byte(pixel[c], layout.bits);
  } else {
    const std::uint8_t grey = to_byte(pixel[0], layout.bits);
    const bool inverted = layout.photometric == PHOTOMETRIC_MINISWHITE;
    std::fill_n(out, 3, inverted ? static_cast<std::uint8_t>(255 - grey) : grey);
  }
}

/// RGB multiplied by alpha -> without, as Pillow divides.
void divide_by_alpha(std::uint8_t* pixel) {
  const int alpha = pixel[3];
  for (int c = 0; c < 3; ++c)
    pixel[c] = static_cast<std::uint8_t>(alpha == 0 ? 0 : std::min(255 * pixel[c] / alpha, 255));
}

std::size_t colours_of(const Layout& layout) {
  return layout.photometric == PHOTOMETRIC_SEPARATED ? 4 : layout.photometric == PHOTOMETRIC_RGB ? 3 : 1;
}

}  // namespace

StoredPicture decode_tiff(Container& container) {
  // What is wrong is told by results; the library's own words would go to standard error.
  static const bool silent = (TIFFSetErrorHandler(nullptr), TIFFSetWarningHandler(nullptr), true);
  static_cast<void>(silent);
  Source source{container.stream};
  const Tiff tiff(TIFFClientOpen("picture", "rm", &source, read_some, write_nothing, seek_to, close_nothing,
                                 size_of, nullptr, nullptr),
                  &TIFFClose);
  if (!tiff) fail_damaged("TIFF", "it cannot be decoded (libtiff)");
  const Layout layout = layout_of(tiff.get(), container);
  Palette palette;
  if (layout.photometric == PHOTOMETRIC_PALETTE &&
      TIFFGetField(tiff.get(), TIFFTAG_COLORMAP, &palette.colours[0], &palette.colours[1],
                   &palette.colours[2]) == 0) {
    fail_damaged("TIFF", "its palette is missing or too short");
  }
  const Samples samples(tiff.get(), layout);
  const std::size_t colours = colours_of(layout);
  const bool alpha = container.alpha != Alpha::none && layout.samples > colours;
  StoredPicture picture = blank_picture(container.width, container.height, alpha ? 4 : 3);
  std::uint8_t* out = picture.samples.data();
  for (std::size_t y = 0; y < layout.height; ++y) {
    for (std::size_t x = 0; x < layout.width; ++x, out += picture.channels) {
      const std::uint16_t* const pixel = samples.pixel(x, y);
      colour(pixel, layout, palette, out);
      if (!alpha) continue;
      out[3] = to_byte(pixel[colours], layout.bits);
      if (container.alpha == Alpha::premultiplied) divide_by_alpha(out);
    }
  }
  if (alpha) container.alpha = Alpha::straight;
  return picture;
}

}  // namespace caption

caption::PictureDecoder caption_tiff_decoder() {
  return &caption::decode_tiff;
}
