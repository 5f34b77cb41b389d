#include "image/container.h"

#include <algorithm>
#include <cstdio>
#include <initializer_list>
#include <string_view>

#include "image/unknown_file.h"

namespace caption {
namespace {

using std::string_view_literals::operator""sv;

// OpenCV's own limits, which it asserts only after it has begun.
constexpr std::int64_t kDecoderSide = std::int64_t{1} << 20;
constexpr std::int64_t kDecoderPixels = std::int64_t{1} << 30;

/// Of a format whose library reads the header, too.
Container for_library(const char* format, Decoder decoder, Bytes file, double max_megapixels) {
  Container result;
  result.format = format;
  result.decoder = decoder;
  result.stream.assign(file.begin(), file.end());
  result.max_megapixels = max_megapixels;
  return result;
}

/// Whether an ISO media file, which begins with "ftyp", names one of the brands as its first or as one that
/// it is compatible with.
bool has_brand(Bytes file, std::initializer_list<std::string_view> brands) {
  if (!has(file, 4, "ftyp"sv) || file.size() < 16) return false;
  const Bytes box = file.first(std::min<std::size_t>(file.size(), big32(file, 0)));
  for (std::size_t at = 8; at + 4 <= box.size(); at += at == 8 ? 8 : 4) {
    for (const std::string_view brand : brands) {
      if (has(box, at, brand)) return true;
    }
  }
  return false;
}

bool is_jpeg_xl(Bytes file) {
  return has(file, 0, "\xFF\x0A"sv) || has(file, 0, "\0\0\0\x0CJXL \r\n\x87\n"sv);
}

bool is_jpeg_2000(Bytes file) {
  return has(file, 0, "\xFF\x4F\xFF\x51"sv) || has(file, 0, "\0\0\0\x0CjP  \r\n\x87\n"sv);
}

/// An icon or a cursor, of one picture at least: a TGA may begin alike, with no number there.
bool is_icon(Bytes file) {
  return (has(file, 0, "\0\0\x01\0"sv) || has(file, 0, "\0\0\x02\0"sv)) && file.size() >= 6 &&
         little16(file, 4) > 0;
}

bool is_netpbm(Bytes file) {
  const bool known = file.size() > 2 && file[0] == 'P' &&
                     ((file[1] >= '1' && file[1] <= '7') || file[1] == 'f' || file[1] == 'F');
  return known && (file[2] == ' ' || file[2] == '#' || (file[2] >= '\t' && file[2] <= '\r'));
}

}  // namespace

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

Container read_container(Bytes file, double max_megapixels) {
  if (has(file, 0, "\xFF\xD8\xFF"sv)) return read_jpeg(file, max_megapixels);
  if (has(file, 0, "\x89PNG\r\n\x1A\n"sv)) return read_png(file, max_megapixels);
  if (has(file, 0, "RIFF"sv) && has(file, 8, "WEBP"sv)) return read_webp(file, max_megapixels);
  if (has(file, 0, "BM"sv)) return read_bmp(file, max_megapixels);
  if (has(file, 0, "II\x2A\0"sv) || has(file, 0, "MM\0\x2A"sv)) return read_tiff(file, max_megapixels);
  if (has(file, 0, "GIF87a"sv) || has(file, 0, "GIF89a"sv)) return read_gif(file, max_megapixels);
  if (has_brand(file, {"avif"sv, "avis"sv})) return for_library("AVIF", Decoder::avif, file, max_megapixels);
  if (has_brand(file, {"heic"sv, "heix"sv, "heim"sv, "heis"sv, "hevc"sv, "hevx"sv, "mif1"sv, "mif2"sv}))
    return for_library("HEIC", Decoder::heif, file, max_megapixels);
  if (is_jpeg_xl(file)) return for_library("JPEG XL", Decoder::jpeg_xl, file, max_megapixels);
  if (is_jpeg_2000(file)) return for_library("JPEG 2000", Decoder::jpeg_2000, file, max_megapixels);
  if (has(file, 0, "8BPS"sv)) return read_psd(file, max_megapixels);
  if (has(file, 0, "qoif"sv)) return read_qoi(file, max_megapixels);
  if (is_icon(file)) return read_icon(file, max_megapixels);
  if (is_netpbm(file)) return read_netpbm(file, max_megapixels);
  if (is_tga(file)) return read_tga(file, max_megapixels);
  fail_unknown(file);
}

}  // namespace caption
