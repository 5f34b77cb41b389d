#include "image/format.h"

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string_view>

#include "image/container.h"
#include "image/unknown_file.h"

namespace caption {
namespace {

using std::string_view_literals::operator""sv;

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

/// Of Olympus, Panasonic, Fujifilm and Canon.
bool is_raw(Bytes file) {
  return has(file, 0, "IIRO"sv) || has(file, 0, "IIRS"sv) || has(file, 0, "MMOR"sv) ||
         has(file, 0, "IIU\0"sv) || has(file, 0, "FUJIFILMCCD-RAW"sv) || has(file, 6, "HEAPCCDR"sv) ||
         has_brand(file, {"crx "sv});
}

bool is_netpbm(Bytes file) {
  const bool known = file.size() > 2 && file[0] == 'P' &&
                     ((file[1] >= '1' && file[1] <= '7') || file[1] == 'f' || file[1] == 'F');
  return known && (file[2] == ' ' || file[2] == '#' || (file[2] >= '\t' && file[2] <= '\r'));
}

}  // namespace

Format format_of(Bytes file) {
  if (has(file, 0, "\xFF\xD8\xFF"sv)) return Format::jpeg;
  if (has(file, 0, "\x89PNG\r\n\x1A\n"sv)) return Format::png;
  if (has(file, 0, "RIFF"sv) && has(file, 8, "WEBP"sv)) return Format::webp;
  if (has(file, 0, "BM"sv)) return Format::bmp;
  if (has(file, 0, "II\x2A\0"sv) || has(file, 0, "MM\0\x2A"sv)) return Format::tiff;
  if (has(file, 0, "GIF87a"sv) || has(file, 0, "GIF89a"sv)) return Format::gif;
  if (has_brand(file, {"avif"sv, "avis"sv})) return Format::avif;
  if (has_brand(file, {"heic"sv, "heix"sv, "heim"sv, "heis"sv, "hevc"sv, "hevx"sv, "mif1"sv, "mif2"sv}))
    return Format::heic;
  if (is_jpeg_xl(file)) return Format::jpeg_xl;
  if (is_jpeg_2000(file)) return Format::jpeg_2000;
  if (is_raw(file)) return Format::raw;
  if (has(file, 0, "8BPS"sv)) return Format::psd;
  if (has(file, 0, "qoif"sv)) return Format::qoi;
  if (is_icon(file)) return Format::icon;
  if (has(file, 0, "icns"sv)) return Format::icns;
  if (is_netpbm(file)) return Format::netpbm;
  if (is_tga(file)) return Format::tga;
  if (is_svg(file)) return Format::svg;
  return Format::unknown;
}

}  // namespace caption
