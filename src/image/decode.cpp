#include <algorithm>
#include <iostream>
#include <limits>
#include <new>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "image/container.h"
#include "image/image.h"

namespace caption {
namespace {

/// Set while this thread is inside of OpenCV.
thread_local bool decoding = false;

/// OpenCV 4.6 reports each picture that it cannot read on std::cerr, whatever its log level. This drops what
/// a decoding thread writes there and passes on the rest.
class DecoderFilter : public std::streambuf {
 public:
  explicit DecoderFilter(std::streambuf* target) : target_(target) {}

 private:
  int_type overflow(int_type c) override {
    if (decoding || traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
    return target_->sputc(traits_type::to_char_type(c));
  }
  std::streamsize xsputn(const char* text, std::streamsize count) override {
    return decoding ? count : target_->sputn(text, count);
  }
  int sync() override { return decoding ? 0 : target_->pubsync(); }

  std::streambuf* target_;
};

/// Marks this thread as decoding for as long as it lives.
struct DecodingScope {
  DecodingScope() { decoding = true; }
  ~DecodingScope() { decoding = false; }
  DecodingScope(const DecodingScope&) = delete;
  DecodingScope& operator=(const DecodingScope&) = delete;
};

int ignore_opencv_error(int, const char*, const char*, const char*, int, void*) {
  return 0;
}

/// OpenCV has no threads of its own here and prints nothing: our caller has the threads and reports the
/// errors.
void set_up_opencv() {
  static const bool done = [] {
    cv::setNumThreads(1);
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    cv::redirectError(ignore_opencv_error);
    static DecoderFilter* const filter = new DecoderFilter(std::cerr.rdbuf());  // lives as long as std::cerr
    std::cerr.rdbuf(filter);
    return true;
  }();
  static_cast<void>(done);
}

/// The stored picture, [height, width, 1, 3 or 4] of 8 or 16 bits, blue before red, neither turned nor
/// composited.
cv::Mat decode_stream(const Container& container) {
  set_up_opencv();
  if (container.stream.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw Error(ErrorKind::too_large, "the " + container.format + " file is larger than 2 GiB");
  }
  const cv::Mat bytes(1, static_cast<int>(container.stream.size()), CV_8U,
                      const_cast<std::uint8_t*>(container.stream.data()));
  cv::Mat picture;
  try {
    const DecodingScope scope;
    picture = cv::imdecode(bytes, cv::IMREAD_UNCHANGED);
  } catch (const cv::Exception& error) {
    fail_damaged(container.format, "it cannot be decoded (OpenCV: " + error.err + ")");
  }
  if (picture.empty()) fail_damaged(container.format, "it cannot be decoded");
  const int channels = picture.channels();
  if (picture.cols != container.width || picture.rows != container.height ||
      (picture.depth() != CV_8U && picture.depth() != CV_16U) ||
      (channels != 1 && channels != 3 && channels != 4)) {
    fail_damaged(container.format, "the decoded picture is not what the header announces");
  }
  return picture;
}

/// v / 255, rounded, for v up to 255 * 255: Pillow's MULDIV255.
int divide_255(int v) {
  v += 128;
  return (v + (v >> 8)) >> 8;
}

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
      const int grey = container.clear_grey == static_cast<int>(in[0]) ? 255
                       : container.white_is_zero                       ? 255 - value
                                                                       : value;
      out[0] = out[1] = out[2] = static_cast<std::uint8_t>(grey);
      continue;
    }
    const int alpha = channels == 4 && container.alpha != Alpha::none ? in[3] >> shift : 255;
    for (int c = 0; c < 3; ++c) out[c] = over_white(in[2 - c] >> shift, alpha, container.alpha);
  }
}

RgbImage to_rgb(const cv::Mat& picture, const Container& container) {
  RgbImage image{picture.cols, picture.rows, {}};
  const std::size_t row_bytes = static_cast<std::size_t>(image.width) * 3;
  image.data.resize(row_bytes * static_cast<std::size_t>(image.height));
  if (picture.type() == CV_8UC3) {
    cv::Mat rgb(picture.rows, picture.cols, CV_8UC3, image.data.data());
    cv::cvtColor(picture, rgb, cv::COLOR_BGR2RGB);
    return image;
  }
  for (int y = 0; y < image.height; ++y) {
    std::uint8_t* out = image.data.data() + static_cast<std::size_t>(y) * row_bytes;
    if (picture.depth() == CV_8U) {
      convert_row(picture.ptr<std::uint8_t>(y), picture.channels(), image.width, container, out);
    } else {
      convert_row(picture.ptr<std::uint16_t>(y), picture.channels(), image.width, container, out);
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

/// Turns the stored picture as EXIF's orientation says: 2 to 4 mirror and half turns, 5 to 8 with the sides
/// swapped.
RgbImage turn_upright(RgbImage stored, int orientation) {
  if (orientation == 1) return stored;
  const bool swapped = orientation >= 5;
  const bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  RgbImage upright{swapped ? stored.height : stored.width, swapped ? stored.width : stored.height, {}};
  upright.data.resize(stored.data.size());
  std::uint8_t* out = upright.data.data();
  for (int y = 0; y < upright.height; ++y) {
    for (int x = 0; x < upright.width; ++x, out += 3) {
      const int along = swapped ? y : x;
      const int down = swapped ? x : y;
      const int column = from_right ? stored.width - 1 - along : along;
      const int row = from_bottom ? stored.height - 1 - down : down;
      const std::size_t pixel = static_cast<std::size_t>(row) * static_cast<std::size_t>(stored.width) +
                                static_cast<std::size_t>(column);
      std::copy_n(stored.data.data() + pixel * 3, 3, out);
    }
  }
  return upright;
}

}  // namespace

RgbImage decode_image(std::span<const std::byte> file_bytes, const ImageOptions& options) {
  const Bytes file(reinterpret_cast<const std::uint8_t*>(file_bytes.data()), file_bytes.size());
  try {
    const Container container = read_container(file, options.max_megapixels);
    RgbImage image = to_rgb(decode_stream(container), container);
    if (container.canvas) image = on_canvas(image, *container.canvas);
    return turn_upright(std::move(image), container.orientation);
  } catch (const cv::Exception& error) {
    throw Error(ErrorKind::internal, "OpenCV failed on a decoded image: " + error.err);
  } catch (const std::bad_alloc&) {
    throw Error(ErrorKind::too_large, "there is not enough memory to decode the image");
  }
}

}  // namespace caption
