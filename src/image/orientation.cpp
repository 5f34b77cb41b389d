#include "image/orientation.h"

#include <string_view>

#include "image/bytes.h"

namespace caption {

using std::string_view_literals::operator""sv;

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
    const std::uint32_t size = type == 3 ? 2 : type == 4 ? 4 : 0;
    const std::uint64_t count = get32(entry + 4);
    // The first of several counts.
    const std::size_t at = size * count > 4 ? get32(entry + 8) : entry + 8;
    if (size == 0 || count == 0 || at > exif.size() || exif.size() - at < size) return set_exif(1);
    return set_exif(size == 2 ? get16(at) : get32(at));
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

}  // namespace caption
