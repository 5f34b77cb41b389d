#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/image.h"
#include "image/stored_picture.h"

// Animations: files of several pictures, each of which changes a part of what is seen.

namespace caption {

/// A part of a canvas.
struct Place {
  std::int64_t x = 0, y = 0, width = 0, height = 0;
  bool has(std::int64_t column, std::int64_t row) const {
    return column >= x && column < x + width && row >= y && row < y + height;
  }
};

/// What becomes of a frame's place before the next one comes: it stays, is cleared, or is again what was
/// there before it.
enum class After { keep, clear, restore };

/// What a frame's pixel makes of the one below it, both RGBA. `cleared`: below there is nothing, as the frame
/// before has been cleared.
using Blend = void (*)(const std::uint8_t* above, std::uint8_t* below, bool cleared);

void replace(const std::uint8_t* above, std::uint8_t* below, bool cleared);
/// Pixels of GIF and PNG, of straight alpha.
void blend_over(const std::uint8_t* above, std::uint8_t* below, bool cleared);
/// As libwebp does it, with its rounding.
void blend_as_webp(const std::uint8_t* above, std::uint8_t* below, bool cleared);

/// What is seen: RGBA, clear at first.
class AnimationCanvas {
 public:
  AnimationCanvas(std::int64_t width, std::int64_t height) : picture_(blank_picture(width, height, 4)) {}

  /// The next frame, [place.height, place.width, 4]. What lies outside of the canvas is not seen.
  void lay(const std::vector<std::uint8_t>& rgba, const Place& place, After after, Blend blend);

  StoredPicture take() { return std::move(picture_); }

 private:
  void end_last();

  StoredPicture picture_;
  Place last_;
  After after_ = After::keep;
  std::vector<std::uint8_t> before_;  ///< samples of picture_ before the last frame, if they are to come back
};

/// A frame whose picture a decoder makes of a file of its own.
struct Layer {
  std::vector<std::uint8_t> stream;
  Place place;
  After after = After::keep;
  Blend blend = replace;
};

struct Container;
/// What is seen when the last of the container's layers lies on its canvas: RGBA of straight alpha, which the
/// container says then. Throws as `decode` does.
StoredPicture compose(Container& container, PictureDecoder decode);

/// Throws Error(not_found): there are so many frames alone.
[[noreturn]] void fail_no_frame(const std::string& format, int frame, std::int64_t frames);

}  // namespace caption
