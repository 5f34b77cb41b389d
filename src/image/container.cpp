#include "image/container.h"

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <utility>

#include "base/printable.h"
#include "base/utf8.h"

namespace caption {
namespace {

using std::string_view_literals::operator""sv;

// OpenCV's own limits, which it asserts only after it has begun.
constexpr std::int64_t kDecoderSide = std::int64_t{1} << 20;
constexpr std::int64_t kDecoderPixels = std::int64_t{1} << 30;

struct Signature {
  std::size_t at;
  std::string_view text;
  std::string_view name;
};

constexpr Signature kRefused[] = {
    {0, "GIF87a"sv, "GIF"},
    {0, "GIF89a"sv, "GIF"},
    {4, "ftypavif"sv, "AVIF"},
    {4, "ftypavis"sv, "animated AVIF"},
    {4, "ftyphei"sv, "HEIC"},
    {4, "ftyphev"sv, "HEIC"},
    {4, "ftypmif1"sv, "HEIF"},
    {4, "ftypmsf1"sv, "HEIF"},
    {4, "ftypcrx "sv, "a camera's raw data (CR3)"},
    {4, "ftyp"sv, "MP4 or QuickTime video"},
    {0, "FUJIFILMCCD-RAW"sv, "a camera's raw data (RAF)"},
    {0, "IIRO"sv, "a camera's raw data (ORF)"},
    {0, "IIRS"sv, "a camera's raw data (ORF)"},
    {0, "MMOR"sv, "a camera's raw data (ORF)"},
    {0, "IIU\0"sv, "a camera's raw data (RW2)"},
    {0, "\0\0\0\x0CJXL "sv, "JPEG XL"},
    {0, "\xFF\x0A"sv, "JPEG XL"},
    {0, "\0\0\0\x0CjP  "sv, "JPEG 2000"},
    {0, "\xFF\x4F\xFF\x51"sv, "JPEG 2000"},
    {0, "II\x2B\0"sv, "BigTIFF"},
    {0, "MM\0\x2B"sv, "BigTIFF"},
    {0, "%PDF"sv, "PDF"},
    {0, "%!PS"sv, "PostScript"},
    {0, "8BPS"sv, "Photoshop"},
    {0, "\x76\x2F\x31\x01"sv, "OpenEXR"},
    {0, "#?RADIANCE"sv, "Radiance HDR"},
    {0, "\0\0\x01\0"sv, "Windows icon"},
    {0, "qoif"sv, "QOI"},
    {0, "gimp xcf"sv, "GIMP"},
    {0, "P1"sv, "PBM"},
    {0, "P2"sv, "PGM"},
    {0, "P3"sv, "PPM"},
    {0, "P4"sv, "PBM"},
    {0, "P5"sv, "PGM"},
    {0, "P6"sv, "PPM"},
    {0, "P7"sv, "PAM"},
    {0, "PK\x03\x04"sv, "ZIP"},
    {0, "\x1F\x8B"sv, "gzip"},
    {0, "\x1A\x45\xDF\xA3"sv, "Matroska or WebM video"},
    {0, "RIFF"sv, "RIFF (not WebP)"},
};

/// Markup is told by its first tags, which may stand after a byte-order mark, blanks or comments.
std::string_view markup_name(Bytes file) {
  std::string head;
  for (const std::uint8_t byte : file.first(std::min<std::size_t>(file.size(), 1024))) {
    head.push_back(static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte));
  }
  const std::size_t start = head.find_first_not_of("\xEF\xBB\xBF \t\r\n");
  if (start == std::string::npos || head[start] != '<') return {};
  if (head.find("<svg") != std::string::npos) return "SVG";
  if (head.find("<html") != std::string::npos || head.find("<!doctype html") != std::string::npos) {
    return "HTML (a web page, perhaps an error page saved under an image's name)";
  }
  return "XML";
}

/// What is left under a picture's name when a download or a copy went wrong: what it is, and what to do.
constexpr Signature kNotPictures[] = {
    {0, "version https://git-lfs.github.com/"sv,
     "a git-lfs pointer in the place of the picture: fetch it with 'git lfs pull'"},
    {0, "\0\x05\x16\x07"sv,
     "what macOS keeps beside a file (AppleDouble), not the file itself: take the one without '._'"},
    {0, "data:image/"sv, "a data URL, as a web page has it: decode the base64 behind its comma"},
    {0, "/9j/"sv, "a JPEG in base64: decode it ('base64 -d')"},
    {0, "iVBORw0KGgo"sv, "a PNG in base64: decode it ('base64 -d')"},
};

/// The first words of a file of text; nothing for other files.
std::string text_start(Bytes file) {
  constexpr std::size_t kLooked = 512;
  constexpr std::size_t kShown = 40;
  std::string text(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(std::min(file.size(), kLooked)));
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = code_point_at(text, at);
    const bool cut = text.size() == kLooked && at + 4 > kLooked;
    const bool blank = point.value == '\t' || point.value == '\n' || point.value == '\r';
    if ((!point.valid && !cut) || (point.valid && point.value < 0x20 && !blank)) return {};
    at += point.bytes;
  }
  if (text.size() > kShown) text = text.substr(0, kShown) + "...";
  return single_line(replace_invalid_utf8(std::move(text)));
}

[[noreturn]] void fail_unknown(Bytes file) {
  for (const Signature& signature : kNotPictures) {
    if (has(file, signature.at, signature.text))
      throw Error(ErrorKind::unsupported_format, "the file is " + std::string(signature.name));
  }
  if (file.empty()) throw Error(ErrorKind::unsupported_format, "the file is empty");
  std::string_view name = markup_name(file);
  for (const Signature& signature : kRefused) {
    if (!name.empty()) break;
    if (has(file, signature.at, signature.text)) name = signature.name;
  }
  if (!name.empty()) fail_unsupported("the format is " + std::string(name));
  if (const std::string text = text_start(file); !text.empty()) {
    const std::string kind = text.front() == '{' || text.front() == '[' ? "JSON" : "text";
    throw Error(
        ErrorKind::unsupported_format,
        "the file is " + kind + ", perhaps an error message saved under an image's name: '" + text + "'");
  }
  std::string start;
  for (const std::uint8_t byte : file.first(std::min<std::size_t>(file.size(), 8))) {
    char hex[4];
    std::snprintf(hex, sizeof hex, " %02x", byte);
    start += hex;
  }
  fail_unsupported("the bytes are of no image format that is known here (they begin with" + start + ")");
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

void Orientation::set_exif(std::uint32_t tag) {
  exif_ = tag >= 1 && tag <= 8 ? static_cast<int>(tag) : 1;
}

void Orientation::read_exif(Bytes exif) {
  if (has(exif, 0, "Exif\0\0"sv)) exif = exif.subspan(6);
  const bool little = has(exif, 0, "II"sv);
  if (exif.size() < 8 || (!little && !has(exif, 0, "MM"sv))) return;
  const auto get16 = [&](std::size_t at) { return little ? little16(exif, at) : big16(exif, at); };
  const auto get32 = [&](std::size_t at) { return little ? little32(exif, at) : big32(exif, at); };
  const std::size_t directory = get32(4);
  if (directory > exif.size() - 2) return;
  const std::size_t entries = get16(directory);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + i * 12;
    if (entry + 12 > exif.size()) return;
    if (get16(entry) != 0x0112) continue;
    const std::uint32_t type = get16(entry + 2);
    const std::uint32_t value = type == 3 ? get16(entry + 8) : type == 4 ? get32(entry + 8) : 1;
    return set_exif(get32(entry + 4) == 1 ? value : 1);
  }
}

void Orientation::read_xmp(Bytes xmp) {
  constexpr std::string_view kName = "tiff:Orientation";
  const std::string_view text(reinterpret_cast<const char*>(xmp.data()), xmp.size());
  for (std::size_t at = text.find(kName); at != std::string_view::npos; at = text.find(kName, at + 1)) {
    std::string_view rest = text.substr(at + kName.size());
    if (rest.starts_with("=\"")) {
      rest.remove_prefix(2);
    } else if (rest.starts_with(">")) {
      rest.remove_prefix(1);
    } else {
      continue;
    }
    if (rest.empty() || rest.front() < '0' || rest.front() > '9') continue;
    if (rest.front() >= '1' && rest.front() <= '8') xmp_ = rest.front() - '0';
    return;
  }
}

void append(std::vector<std::uint8_t>& to, Bytes bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

void append_little32(std::vector<std::uint8_t>& to, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) to.push_back(static_cast<std::uint8_t>(value >> shift));
}

Container read_container(Bytes file, double max_megapixels) {
  if (has(file, 0, "\xFF\xD8\xFF"sv)) return read_jpeg(file, max_megapixels);
  if (has(file, 0, "\x89PNG\r\n\x1A\n"sv)) return read_png(file, max_megapixels);
  if (has(file, 0, "RIFF"sv) && has(file, 8, "WEBP"sv)) return read_webp(file, max_megapixels);
  if (has(file, 0, "BM"sv)) return read_bmp(file, max_megapixels);
  if (has(file, 0, "II\x2A\0"sv) || has(file, 0, "MM\0\x2A"sv)) return read_tiff(file, max_megapixels);
  fail_unknown(file);
}

}  // namespace caption
