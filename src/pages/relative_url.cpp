#include "pages/relative_url.h"

#include <string_view>

namespace caption {
namespace {

namespace fs = std::filesystem;

/// RFC 3986's unreserved characters, and '/', stay as they are: so no name looks like a scheme, a query or a
/// fragment.
std::string percent_encoded(std::string_view path) {
  static constexpr std::string_view kKept =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string url;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (kKept.find(c) != std::string_view::npos) {
      url += c;
    } else {
      url += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
    }
  }
  return url;
}

/// Without links and "..", which a browser would take out without looking at the disk.
fs::path canonical_folder(const fs::path& folder, std::error_code& error) {
  // Absolute first: a folder that does not exist would stay relative.
  const fs::path absolute = fs::absolute(folder.empty() ? "." : folder, error);
  return error ? absolute : fs::weakly_canonical(absolute, error);
}

}  // namespace

std::optional<std::string> relative_url(const fs::path& folder, const fs::path& file) {
  std::error_code error;
  const fs::path from = canonical_folder(folder, error);
  if (error) return std::nullopt;
  const fs::path to = canonical_folder(file.parent_path(), error);
  if (error || !file.has_filename()) return std::nullopt;
  return percent_encoded((to / file.filename()).lexically_relative(from).string());
}

}  // namespace caption
