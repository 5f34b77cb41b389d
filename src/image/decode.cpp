#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "image/cmyk.h"
#include "image/container.h"
#include "image/image.h"
#include "image/jpeg_decode.h"
#include "image/stored_picture.h"

namespace caption {
namespace {

std::uint8_t over_white(int colour, int alpha, Alpha kind) {
  // Rounding can leave a premultiplied colour above its alpha.
  if (kind == Alpha::premultiplied) return static_cast<std::uint8_t>(std::min(colour + 255 - alpha, 255));
  return static_cast<std::uint8_t>(divide_255(colour * alpha + 255 * (255 - alpha)));
}

/// One row of T samples to RGB. 16 bits become 8 by dropping the lower byte, as Pillow does for colour
/// pictures.
template <typename T>
void convert_row(const T* in, int channels, int width, const Container& container, std::uint8_t* out) {
  constexpr int shift = 8 * (static_cast<int>(sizeof(T)) - 1);
  for (int x = 0; x < width; ++x, in += channels, out += 3) {
    if (channels == 1) {
      const int value = in[0] >> shift;
      const int grey = container.clear_grey == static_cast<int>(in[0]) ? 255 : value;
      out[0] = out[1] = out[2] = static_cast<std::uint8_t>(grey);
      continue;
    }
    const int alpha = channels == 4 && container.alpha != Alpha::none ? in[3] >> shift : 255;
    for (int c = 0; c < 3; ++c) out[c] = over_white(in[c] >> shift, alpha, container.alpha);
  }
}

RgbImage to_rgb(StoredPicture picture, const Container& container) {
  RgbImage image{picture.width, picture.height, {}};
  if (picture.channels == 3 && picture.sample_bytes == 1) {
    image.data = std::move(picture.samples);
    return image;
  }
  const std::size_t row_bytes = static_cast<std::size_t>(image.width) * 3;
  const std::size_t stored_bytes = picture.samples.size() / static_cast<std::size_t>(image.height);
  image.data.resize(row_bytes * static_cast<std::size_t>(image.height));
  for (std::size_t y = 0; y < static_cast<std::size_t>(image.height); ++y) {
    std::uint8_t* out = image.data.data() + y * row_bytes;
    const std::uint8_t* in = picture.samples.data() + y * stored_bytes;
    if (picture.sample_bytes == 1) {
      convert_row(in, picture.channels, image.width, container, out);
    } else {
      convert_row(reinterpret_cast<const std::uint16_t*>(in), picture.channels, image.width, container, out);
    }
  }
  return image;
}

RgbImage on_canvas(const RgbImage& frame, const Container::Canvas& canvas) {
  RgbImage image{static_cast<int>(canvas.width), static_cast<int>(canvas.height), {}};
  image.data.assign(static_cast<std::size_t>(canvas.width * canvas.height) * 3, 255);
  const std::size_t row_bytes = static_cast<std::size_t>(frame.width) * 3;
  for (int y = 0; y < frame.height; ++y) {
    const std::int64_t place = (canvas.y + y) * canvas.width + canvas.x;
    std::copy_n(frame.data.data() + static_cast<std::size_t>(y) * row_bytes, row_bytes,
                image.data.data() + static_cast<std::size_t>(place) * 3);
  }
  return image;
}

/// `count` pixels that are `step` bytes apart -> side by side. Four bytes at a time: of each the one too many
/// is written over by the next pixel. When going backwards it is the one before that is too many, so that
/// nothing outside the picture is read.
void gather(const std::uint8_t* in, std::ptrdiff_t step, int count, std::uint8_t* out) {
  const int before = step < 0 ? 1 : 0;
  for (; count > 1; --count, in += step, out += 3) {
    std::uint32_t bytes;
    std::memcpy(&bytes, in - before, sizeof bytes);
    bytes >>= 8 * before;
    std::memcpy(out, &bytes, sizeof bytes);
  }
  std::copy_n(in, 3, out);
}

/// Where sides are swapped, so many rows of the stored picture become columns together: one line of the cache
/// of each is there for all of its pixels.
constexpr int kBand = 64;

/// Turns the stored picture as EXIF's orientation says: 2 to 4 mirror and half turns, 5 to 8 with the sides
/// swapped.
RgbImage turn_upright(RgbImage stored, int orientation) {
  if (orientation == 1) return stored;
  const bool swapped = orientation >= 5;
  const bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  RgbImage upright{swapped ? stored.height : stored.width, swapped ? stored.width : stored.height, {}};
  upright.data.resize(stored.data.size());
  const std::ptrdiff_t row = std::ptrdiff_t{3} * stored.width;
  const std::ptrdiff_t along = from_right ? -3 : 3;
  const std::ptrdiff_t down = from_bottom ? -row : row;
  // In the stored picture, from one pixel to the next.
  const std::ptrdiff_t to_right = swapped ? down : along;
  const std::ptrdiff_t to_below = swapped ? along : down;
  const std::uint8_t* const first =
      stored.data.data() + (from_right ? row - 3 : 0) + (from_bottom ? row * (stored.height - 1) : 0);
  const int band = swapped ? kBand : upright.width;
  for (int left = 0; left < upright.width; left += band) {
    const int count = std::min(band, upright.width - left);
    for (int y = 0; y < upright.height; ++y) {
      gather(first + y * to_below + left * to_right, to_right, count,
             upright.data.data() + (std::ptrdiff_t{y} * upright.width + left) * 3);
    }
  }
  return upright;
}

}  // namespace

RgbImage decode_image(std::span<const std::byte> file_bytes, const ImageOptions& options,
                      PictureDecoder others, ColourConverter to_srgb) {
  Container container = read_container(as_file(file_bytes), options);
  StoredPicture picture = container.picture                       ? *std::move(container.picture)
                          : !container.layers.empty()             ? compose(container, others)
                          : container.decoder == Decoder::libjpeg ? decode_jpeg(container)
                                                                  : others(container);
  if (picture.width != container.width || picture.height != container.height)
    fail_damaged(container.format, "the decoded picture is not what the header announces");
  if (picture.truncated && !options.accept_truncated) fail_truncated(container.format, "inside the picture");
  if (to_srgb != nullptr && !container.profile.empty()) to_srgb(picture, container);
  const bool truncated = picture.truncated;
  RgbImage image = to_rgb(std::move(picture), container);
  if (container.canvas) image = on_canvas(image, *container.canvas);
  image = turn_upright(std::move(image), container.orientation.value());
  image.truncated = truncated;
  image.preview = container.preview;
  return image;
}

}  // namespace caption
