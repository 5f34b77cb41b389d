#include "image/container.h"

#include <cstdio>

#include "image/format.h"
#include "image/multi_picture.h"
#include "image/unknown_file.h"

namespace caption {
namespace {

// OpenCV's own limits, which it asserts only after it has begun.
constexpr std::int64_t kDecoderSide = std::int64_t{1} << 20;
constexpr std::int64_t kDecoderPixels = std::int64_t{1} << 30;

/// Of a format without frames.
Container still(Container container, int frame) {
  if (frame > 0) fail_no_frame(container.format, frame, 1);
  return container;
}

}  // namespace

Container for_library(const char* format, Decoder decoder, Bytes file, double max_megapixels, int frame) {
  Container result;
  result.format = format;
  result.decoder = decoder;
  result.stream.assign(file.begin(), file.end());
  result.max_megapixels = max_megapixels;
  result.frame = frame;
  return result;
}

void fail_truncated(const std::string& format, const std::string& where) {
  throw Error(ErrorKind::corrupt, "truncated " + format + ": the file ends " + where);
}

void fail_damaged(const std::string& format, const std::string& what) {
  throw Error(ErrorKind::corrupt, "damaged " + format + ": " + what);
}

void fail_unsupported(const std::string& what) {
  throw Error(ErrorKind::unsupported_format, what + "; convert it to JPEG, PNG, WebP, BMP or TIFF");
}

void require_size(const std::string& format, std::int64_t width, std::int64_t height, double max_megapixels) {
  if (width < 1 || height < 1) {
    fail_damaged(format, "its size is " + std::to_string(width) + "x" + std::to_string(height));
  }
  const std::string size = std::to_string(width) + "x" + std::to_string(height) + " pixels";
  const double megapixels = static_cast<double>(width) * static_cast<double>(height) / 1e6;
  if (megapixels > max_megapixels) {
    char text[160];
    std::snprintf(text, sizeof text,
                  " (%.1f megapixels), the limit is %g megapixels; raise max-megapixels to read it",
                  megapixels, max_megapixels);
    throw Error(ErrorKind::too_large, "the image has " + size + text);
  }
  if (width > kDecoderSide || height > kDecoderSide || width * height > kDecoderPixels) {
    throw Error(ErrorKind::too_large,
                "the image has " + size +
                    ", more than the decoder's limit of 1048576 pixels to a side and 1073 "
                    "megapixels in all, which max-megapixels cannot raise; shrink or cut it first");
  }
}

Container read_container(Bytes file, const ImageOptions& options) {
  const double most = options.max_megapixels;
  const int frame = options.frame;
  switch (format_of(file)) {
    case Format::jpeg:
      return read_jpeg(further_picture(file, frame), most);
    case Format::png:
      return read_png(file, most, frame);
    case Format::webp:
      return read_webp(file, most, frame);
    case Format::bmp:
      return still(read_bmp(file, most), frame);
    case Format::tiff:
      return read_tiff(file, most, frame);
    case Format::gif:
      return read_gif(file, most, frame);
    case Format::avif:
      return for_library("AVIF", Decoder::avif, file, most, frame);
    case Format::heic:
      return for_library("HEIC", Decoder::heif, file, most, frame);
    case Format::jpeg_xl:
      return for_library("JPEG XL", Decoder::jpeg_xl, file, most, frame);
    case Format::jpeg_2000:
      return still(for_library("JPEG 2000", Decoder::jpeg_2000, file, most), frame);
    case Format::raw:
      return still(for_library("camera raw file", Decoder::raw, file, most), frame);
    case Format::psd:
      return still(read_psd(file, most), frame);
    case Format::qoi:
      return still(read_qoi(file, most), frame);
    case Format::icon:
      return still(read_icon(file, most), frame);
    case Format::icns:
      return still(read_icns(file, most), frame);
    case Format::netpbm:
      return still(read_netpbm(file, most), frame);
    case Format::tga:
      return still(read_tga(file, most), frame);
    case Format::svg:
      if (options.svg) return still(for_library("SVG", Decoder::svg, file, most), frame);
      fail_unsupported("the format is SVG, a drawing, which is read only if that is asked for");
    case Format::unknown:
      break;
  }
  fail_unknown(file);
}

}  // namespace caption
