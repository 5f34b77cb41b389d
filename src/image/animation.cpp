#include "image/animation.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "image/container.h"

namespace caption {
namespace {

/// Of 8 bits, RGBA of straight alpha.
std::vector<std::uint8_t> to_rgba(const StoredPicture& picture, const Container& container) {
  const auto pixels = static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.height);
  const auto channels = static_cast<std::size_t>(picture.channels);
  std::vector<std::uint8_t> rgba(pixels * 4);
  const auto sample = [&picture](std::size_t i) {
    return picture.sample_bytes == 1 ? int{picture.samples[i]}
                                     : int{reinterpret_cast<const std::uint16_t*>(picture.samples.data())[i]};
  };
  const int shift = picture.sample_bytes == 1 ? 0 : 8;
  for (std::size_t i = 0; i < pixels; ++i) {
    for (std::size_t c = 0; c < 3; ++c)
      rgba[i * 4 + c] = static_cast<std::uint8_t>(sample(i * channels + (channels == 1 ? 0 : c)) >> shift);
    const bool clear = channels == 1 && container.clear_grey == sample(i);
    const bool alpha = channels == 4 && container.alpha != Alpha::none;
    const int opacity = clear ? 0 : alpha ? sample(i * 4 + 3) >> shift : 255;
    rgba[i * 4 + 3] = static_cast<std::uint8_t>(opacity);
  }
  return rgba;
}

}  // namespace

void replace(const std::uint8_t* above, std::uint8_t* below, bool) {
  std::copy_n(above, 4, below);
}

void blend_over(const std::uint8_t* above, std::uint8_t* below, bool) {
  if (above[3] == 255 || below[3] == 0) return replace(above, below, false);
  if (above[3] == 0) return;
  const int rest = (255 - above[3]) * below[3];  // of 255 * 255
  const int alpha = 255 * above[3] + rest;       // likewise
  for (std::size_t c = 0; c < 3; ++c) {
    below[c] = static_cast<std::uint8_t>((255 * above[3] * above[c] + rest * below[c] + alpha / 2) / alpha);
  }
  below[3] = static_cast<std::uint8_t>((alpha + 127) / 255);
}

void blend_as_webp(const std::uint8_t* above, std::uint8_t* below, bool cleared) {
  if (cleared || above[3] == 255) return replace(above, below, cleared);
  if (above[3] == 0) return;
  const std::uint32_t rest = (below[3] * (256U - above[3])) >> 8U;
  const std::uint32_t alpha = above[3] + rest;
  const std::uint32_t scale = (1U << 24U) / alpha;
  for (std::size_t c = 0; c < 3; ++c)
    below[c] =
        static_cast<std::uint8_t>(((above[c] * std::uint32_t{above[3]} + below[c] * rest) * scale) >> 24U);
  below[3] = static_cast<std::uint8_t>(alpha);
}

void AnimationCanvas::end_last() {
  if (after_ == After::restore) picture_.samples = std::move(before_);
  if (after_ != After::clear) return;
  const auto row = static_cast<std::size_t>(picture_.width) * 4;
  for (std::int64_t y = std::max<std::int64_t>(last_.y, 0);
       y < std::min<std::int64_t>(last_.y + last_.height, picture_.height); ++y) {
    const std::int64_t end = std::min<std::int64_t>(last_.x + last_.width, picture_.width);
    if (last_.x >= end) return;
    std::fill_n(
        picture_.samples.data() + static_cast<std::size_t>(y) * row + static_cast<std::size_t>(last_.x) * 4,
        static_cast<std::size_t>(end - last_.x) * 4, std::uint8_t{0});
  }
}

void AnimationCanvas::lay(const std::vector<std::uint8_t>& rgba, const Place& place, After after,
                          Blend blend) {
  end_last();
  const bool last_cleared = after_ == After::clear;
  if (after == After::restore) before_ = picture_.samples;
  for (std::int64_t y = 0; y < place.height && place.y + y < picture_.height; ++y) {
    for (std::int64_t x = 0; x < place.width && place.x + x < picture_.width; ++x) {
      const std::int64_t at = (place.y + y) * picture_.width + place.x + x;
      blend(rgba.data() + static_cast<std::size_t>(y * place.width + x) * 4,
            picture_.samples.data() + static_cast<std::size_t>(at) * 4,
            last_cleared && last_.has(place.x + x, place.y + y));
    }
  }
  last_ = place;
  after_ = after;
}

StoredPicture compose(Container& container, PictureDecoder decode) {
  container.width = container.canvas->width;
  container.height = container.canvas->height;
  container.canvas.reset();
  AnimationCanvas canvas(container.width, container.height);
  for (Layer& layer : container.layers) {
    Container one;
    one.format = container.format;
    one.decoder = container.decoder;
    one.alpha = container.alpha;
    one.clear_grey = container.clear_grey;
    one.stream = std::move(layer.stream);
    const StoredPicture picture = decode(one);
    if (picture.width != layer.place.width || picture.height != layer.place.height)
      fail_damaged(container.format, "a frame is not what its header announces");
    canvas.lay(to_rgba(picture, one), layer.place, layer.after, layer.blend);
  }
  container.alpha = Alpha::straight;
  container.clear_grey.reset();
  return canvas.take();
}

void fail_no_frame(const std::string& format, int frame, std::int64_t frames) {
  throw Error(ErrorKind::not_found,
              "there is no frame " + std::to_string(frame) + ": the " + format +
                  (frames == 1 ? " has only frame 0" : " has the frames 0 to " + std::to_string(frames - 1)));
}

}  // namespace caption
