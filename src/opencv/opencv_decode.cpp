#include <iostream>
#include <limits>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "image/container.h"
#include "image/opencv_library.h"

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

cv::Mat decode(const Container& container) {
  set_up_opencv();
  if (container.stream.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw Error(ErrorKind::too_large, "the " + container.format + " file is larger than 2 GiB");
  }
  const cv::Mat bytes(1, static_cast<int>(container.stream.size()), CV_8U,
                      const_cast<std::uint8_t*>(container.stream.data()));
  try {
    const DecodingScope scope;
    return cv::imdecode(bytes, cv::IMREAD_UNCHANGED);
  } catch (const cv::Exception& error) {
    fail_damaged(container.format, "it cannot be decoded (OpenCV: " + error.err + ")");
  }
}

}  // namespace

StoredPicture decode_by_opencv(Container& container) {
  const cv::Mat picture = decode(container);
  const int channels = picture.channels();
  if (picture.empty() || (picture.depth() != CV_8U && picture.depth() != CV_16U) ||
      (channels != 1 && channels != 3 && channels != 4)) {
    fail_damaged(container.format, "it cannot be decoded");
  }
  StoredPicture stored{picture.cols, picture.rows, channels, picture.depth() == CV_8U ? 1 : 2, {}};
  stored.samples.resize(picture.total() * picture.elemSize());
  cv::Mat samples(picture.rows, picture.cols, picture.type(), stored.samples.data());
  try {
    if (channels == 1) {
      picture.copyTo(samples);
    } else {
      cv::cvtColor(picture, samples, channels == 3 ? cv::COLOR_BGR2RGB : cv::COLOR_BGRA2RGBA);
    }
  } catch (const cv::Exception& error) {
    throw Error(ErrorKind::internal, "OpenCV failed on a decoded image: " + error.err);
  }
  return stored;
}

}  // namespace caption
