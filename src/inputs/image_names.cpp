#include "inputs/image_names.h"

#include <algorithm>
#include <array>

namespace caption {
namespace {

constexpr std::array<std::string_view, 10> kExtensions = {".jpg",  ".jpeg", ".jpe", ".jfif", ".png",
                                                          ".webp", ".bmp",  ".dib", ".tif",  ".tiff"};

}  // namespace

bool has_image_extension(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return false;
  std::string extension(name.substr(dot));
  // ASCII only, whatever the locale.
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

std::string image_extensions_text() {
  std::string text;
  for (const std::string_view extension : kExtensions)
    text.append(text.empty() ? "" : ", ").append(extension);
  return text;
}

}  // namespace caption
