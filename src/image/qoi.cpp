#include <array>
#include <cstddef>

#include "image/container.h"

namespace caption {
namespace {

using Pixel = std::array<std::uint8_t, 4>;

constexpr std::size_t kHeader = 14;

/// The chunks of a QOI stream, each of which gives a pixel or repeats one. https://qoiformat.org
class QoiReader {
 public:
  explicit QoiReader(Bytes chunks) : chunks_(chunks) {}

  Pixel next() {
    if (repeats_ > 0) {
      --repeats_;
      return pixel_;
    }
    const unsigned tag = byte();
    if (tag >= 0xFE) {
      for (std::size_t c = 0; c < (tag == 0xFE ? 3U : 4U); ++c) pixel_[c] = byte();
    } else if (tag < 0x40) {
      pixel_ = seen_[tag];
    } else if (tag < 0x80) {
      add(0, static_cast<int>(tag >> 4U & 3U) - 2);
      add(1, static_cast<int>(tag >> 2U & 3U) - 2);
      add(2, static_cast<int>(tag & 3U) - 2);
    } else if (tag < 0xC0) {
      const int green = static_cast<int>(tag & 0x3FU) - 32;
      const unsigned others = byte();
      add(0, green + static_cast<int>(others >> 4U) - 8);
      add(1, green);
      add(2, green + static_cast<int>(others & 15U) - 8);
    } else {
      repeats_ = tag & 0x3FU;
    }
    seen_[(pixel_[0] * 3U + pixel_[1] * 5U + pixel_[2] * 7U + pixel_[3] * 11U) % 64] = pixel_;
    return pixel_;
  }

 private:
  std::uint8_t byte() {
    if (at_ >= chunks_.size()) fail_truncated("QOI", "inside the picture");
    return chunks_[at_++];
  }
  void add(std::size_t channel, int difference) {
    pixel_[channel] = static_cast<std::uint8_t>(pixel_[channel] + difference);
  }

  Bytes chunks_;
  std::size_t at_ = 0;
  std::size_t repeats_ = 0;
  Pixel pixel_{0, 0, 0, 255};
  std::array<Pixel, 64> seen_{};
};

}  // namespace

Container read_qoi(Bytes file, double max_megapixels) {
  Container result;
  result.format = "QOI";
  if (file.size() < kHeader) fail_truncated("QOI", "inside the header");
  result.width = big32(file, 4);
  result.height = big32(file, 8);
  require_size("QOI", result.width, result.height, max_megapixels);
  const int channels = file[12];
  if (channels != 3 && channels != 4) fail_damaged("QOI", "it has neither three channels nor four");
  if (channels == 4) result.alpha = Alpha::straight;

  QoiReader reader(file.subspan(kHeader));
  StoredPicture picture = blank_picture(result.width, result.height, channels);
  for (std::size_t at = 0; at < picture.samples.size();) {
    const Pixel pixel = reader.next();
    for (int c = 0; c < channels; ++c) picture.samples[at++] = pixel[static_cast<std::size_t>(c)];
  }
  result.picture = std::move(picture);
  return result;
}

}  // namespace caption
