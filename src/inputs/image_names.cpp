#include "inputs/image_names.h"

#include <algorithm>
#include <array>

namespace caption {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::array kExtensions = {
    ".jpg"sv, ".jpeg"sv, ".jpe"sv,  ".jfif"sv, ".mpo"sv,  ".png"sv,  ".apng"sv, ".webp"sv, ".bmp"sv,
    ".dib"sv, ".tif"sv,  ".tiff"sv, ".heic"sv, ".heif"sv, ".hif"sv,  ".avif"sv, ".gif"sv,  ".jxl"sv,
    ".jp2"sv, ".j2k"sv,  ".j2c"sv,  ".jpf"sv,  ".jpx"sv,  ".ppm"sv,  ".pgm"sv,  ".pbm"sv,  ".pnm"sv,
    ".pam"sv, ".pfm"sv,  ".qoi"sv,  ".tga"sv,  ".ico"sv,  ".icns"sv, ".psd"sv};

/// Of pictures and videos that we do not read.
constexpr std::array kOthers = {".svg"sv, ".exr"sv, ".hdr"sv, ".psb"sv, ".xcf"sv,  ".cr2"sv, ".cr3"sv,
                                ".crw"sv, ".nef"sv, ".nrw"sv, ".arw"sv, ".srf"sv,  ".sr2"sv, ".dng"sv,
                                ".raf"sv, ".orf"sv, ".rw2"sv, ".pef"sv, ".mp4"sv,  ".mov"sv, ".avi"sv,
                                ".mkv"sv, ".m4v"sv, ".mpg"sv, ".3gp"sv, ".webm"sv, ".mts"sv};

/// With its dot, in lower case; ASCII only, whatever the locale.
std::string extension_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return {};
  std::string extension(name.substr(dot));
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return extension;
}

}  // namespace

bool has_image_extension(std::string_view name) {
  const std::string extension = extension_of(name);
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

std::string other_picture_kind(std::string_view name) {
  std::string extension = extension_of(name);
  if (std::find(kOthers.begin(), kOthers.end(), extension) == kOthers.end()) return {};
  extension.erase(0, 1);
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return extension;
}

std::string image_extensions_text(std::string_view line_end) {
  constexpr std::size_t kLine = 70;
  std::string text;
  std::size_t line = 0;
  for (const std::string_view extension : kExtensions) {
    if (!text.empty()) text += ',';
    const bool full = text.size() - line > kLine;
    if (!text.empty()) text += full ? line_end : " ";
    if (full) line = text.size();
    text += extension;
  }
  return text;
}

}  // namespace caption
