#include "inputs/image_names.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace caption {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::array kExtensions = {
    ".jpg"sv, ".jpeg"sv, ".jpe"sv,  ".jfif"sv, ".mpo"sv,  ".png"sv,  ".apng"sv, ".webp"sv, ".bmp"sv,
    ".dib"sv, ".tif"sv,  ".tiff"sv, ".heic"sv, ".heif"sv, ".hif"sv,  ".avif"sv, ".gif"sv,  ".jxl"sv,
    ".jp2"sv, ".j2k"sv,  ".j2c"sv,  ".jpf"sv,  ".jpx"sv,  ".ppm"sv,  ".pgm"sv,  ".pbm"sv,  ".pnm"sv,
    ".pam"sv, ".pfm"sv,  ".qoi"sv,  ".tga"sv,  ".ico"sv,  ".icns"sv, ".psd"sv};

/// Of cameras' raw data, whose previews we read.
constexpr std::array kRaws = {".cr2"sv, ".cr3"sv, ".crw"sv, ".nef"sv, ".nrw"sv, ".arw"sv, ".srf"sv,
                              ".sr2"sv, ".dng"sv, ".raf"sv, ".orf"sv, ".rw2"sv, ".pef"sv, ".srw"sv};

/// Of pictures and videos that we do not read, or not without being asked to.
constexpr std::array kOthers = {".svg"sv, ".svgz"sv, ".exr"sv, ".hdr"sv, ".psb"sv, ".xcf"sv, ".3fr"sv,
                                ".fff"sv, ".iiq"sv,  ".x3f"sv, ".mrw"sv, ".kdc"sv, ".dcr"sv, ".erf"sv,
                                ".mef"sv, ".mos"sv,  ".rwl"sv, ".mp4"sv, ".mov"sv, ".avi"sv, ".mkv"sv,
                                ".m4v"sv, ".mpg"sv,  ".3gp"sv, ".mts"sv, ".webm"sv};

/// With its dot, in lower case; ASCII only, whatever the locale.
std::string extension_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return {};
  std::string extension(name.substr(dot));
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return extension;
}

template <std::size_t kCount>
bool is_one_of(const std::string& extension, const std::array<std::string_view, kCount>& table) {
  return std::find(table.begin(), table.end(), extension) != table.end();
}

}  // namespace

bool has_image_extension(std::string_view name) {
  return is_one_of(extension_of(name), kExtensions) || is_raw_name(name);
}

bool is_raw_name(std::string_view name) {
  return is_one_of(extension_of(name), kRaws);
}

bool is_drawing_name(std::string_view name) {
  return extension_of(name) == ".svg";
}

std::string other_picture_kind(std::string_view name) {
  std::string extension = extension_of(name);
  if (!is_one_of(extension, kOthers)) return {};
  extension.erase(0, 1);
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return extension;
}

std::string image_extensions_text(std::string_view line_end) {
  constexpr std::size_t kLine = 70;
  std::string text;
  std::size_t line = 0;
  const auto add = [&](std::string_view extension) {
    if (!text.empty()) text += ',';
    const bool full = text.size() - line > kLine;
    if (!text.empty()) text += full ? line_end : " ";
    if (full) line = text.size();
    text += extension;
  };
  std::for_each(kExtensions.begin(), kExtensions.end(), add);
  std::for_each(kRaws.begin(), kRaws.end(), add);
  return text;
}

}  // namespace caption
