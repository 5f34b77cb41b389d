#include "opencv/thumbnail.h"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <span>

#include "caption/error.h"

namespace caption {
namespace {

constexpr int kQuality = 80;

void require_sizes(const RgbImage& image, int side) {
  if (image.width < 1 || image.height < 1 || side < 1) {
    throw Error(ErrorKind::internal, "thumbnail: the image and the side must be at least 1x1");
  }
}

std::vector<std::byte> encode_jpeg(RgbImage image) {
  cv::Mat picture(image.height, image.width, CV_8UC3, image.data.data());
  std::vector<std::uint8_t> file;
  try {
    cv::cvtColor(picture, picture, cv::COLOR_RGB2BGR);
    if (!cv::imencode(".jpg", picture, file, {cv::IMWRITE_JPEG_QUALITY, kQuality})) {
      throw Error(ErrorKind::internal, "thumbnail: OpenCV cannot write JPEG");
    }
  } catch (const cv::Exception& error) {
    throw Error(ErrorKind::internal, "thumbnail: OpenCV failed: " + error.err);
  }
  const auto bytes = std::as_bytes(std::span(file));
  return {bytes.begin(), bytes.end()};
}

}  // namespace

std::vector<std::byte> encode_thumbnail(const RgbImage& image, int longest) {
  require_sizes(image, longest);
  const double scale = std::min(1.0, static_cast<double>(longest) / std::max(image.width, image.height));
  const auto scaled = [&](int side) { return std::max(1, static_cast<int>(std::lround(side * scale))); };
  return encode_jpeg(resize_bicubic(image, scaled(image.width), scaled(image.height)));
}

std::vector<std::byte> encode_square(const RgbImage& image, int side, Fit fit) {
  require_sizes(image, side);
  return encode_jpeg(to_square(image, std::min({side, image.width, image.height}), fit));
}

}  // namespace caption
