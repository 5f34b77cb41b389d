#include "inputs/image_names.h"

#include <algorithm>
#include <array>

namespace caption {
namespace {

constexpr std::array<std::string_view, 10> kExtensions = {".jpg",  ".jpeg", ".jpe", ".jfif", ".png",
                                                          ".webp", ".bmp",  ".dib", ".tif",  ".tiff"};

/// Of pictures and videos that we do not read.
constexpr std::array<std::string_view, 44> kOthers = {
    ".heic", ".heif", ".hif", ".avif", ".gif", ".jxl", ".jp2", ".j2k", ".jpf", ".psd",  ".svg",
    ".ico",  ".icns", ".tga", ".qoi",  ".ppm", ".pgm", ".pbm", ".pnm", ".pfm", ".exr",  ".hdr",
    ".cr2",  ".cr3",  ".crw", ".nef",  ".nrw", ".arw", ".srf", ".sr2", ".dng", ".raf",  ".orf",
    ".rw2",  ".pef",  ".mp4", ".mov",  ".avi", ".mkv", ".m4v", ".mpg", ".3gp", ".webm", ".mts"};

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

std::string image_extensions_text() {
  std::string text;
  for (const std::string_view extension : kExtensions)
    text.append(text.empty() ? "" : ", ").append(extension);
  return text;
}

}  // namespace caption
