#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "caption/options.h"

namespace caption {

/// An 8-bit RGB picture.
struct RgbImage {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> data;  ///< [height, width, 3]
  bool truncated = false;          ///< a part of it was missing in its file
  bool preview = false;            ///< it is the preview in a camera's raw data
};

/// How a picture that is no square becomes one: by the square in its middle, or whole, with its sides
/// stretched to the same length.
enum class Fit { crop, stretch };

/// How a picture is resized: by which of Pillow's filters.
enum class Resample { bicubic, bilinear };

/// A picture as an image encoder takes it.
struct Pixels {
  int resolution = 0;         ///< R
  std::vector<float> values;  ///< [3, R, R], RGB, normalised per channel
  Fit fit = Fit::crop;        ///< how the picture became a square
};

/// What the encoder's pixels look like: from the bundle.
struct PixelFormat {
  int resolution = 0;  ///< R
  float mean[3] = {0.48145466F, 0.4578275F, 0.40821073F};
  float std[3] = {0.26862954F, 0.26130258F, 0.27577711F};
  Fit fit = Fit::crop;
  Resample resample = Resample::bicubic;
};

struct Container;
struct StoredPicture;
/// Decodes what `Container::decoder` says, if that is not libjpeg; fills in what its header says.
using PictureDecoder = StoredPicture (*)(Container& container);
/// Converts a picture with a profile (`Container::profile`) to sRGB.
using ColourConverter = void (*)(StoredPicture& picture, const Container& container);

/// The bytes of a picture file -> RGB: format sniffed from the bytes (see read_container), turned upright,
/// alpha composited on white, 16 bits cut to 8, the first frame or page of several. A file that is not whole
/// is an error. Safe to call from several threads. Throws Error(unsupported_format | corrupt | too_large),
/// std::bad_alloc, and what `others` and `to_srgb`, which pictures with a profile are given to, throw; the
/// message does not name the file, which the caller knows.
RgbImage decode_image(std::span<const std::byte> file_bytes, const ImageOptions& options,
                      PictureDecoder others, ColourConverter to_srgb = nullptr);

/// Pillow's Image.resize((width, height), BICUBIC), bit for bit, across first and then down (see resample.h).
/// Both sizes are at least 1x1, else Error(internal).
RgbImage resize_bicubic(const RgbImage& image, int width, int height);

/// Resized to a square, [side, side, 3]. Fit::crop: the short side to `side`, then the square in the middle
/// (clipcap's and torchvision's order and rounding). All sizes are at least 1x1, else Error(internal).
RgbImage to_square(const RgbImage& image, int side, Fit fit = Fit::crop,
                   Resample resample = Resample::bicubic);

/// `to_square` of side R, normalised -> [3, R, R].
Pixels to_pixels(const RgbImage& image, const PixelFormat& format);

}  // namespace caption
