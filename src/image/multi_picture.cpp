#include "image/multi_picture.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "image/animation.h"
#include "image/container.h"

namespace caption {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::uint32_t kCountTag = 0xB001;
constexpr std::uint32_t kEntriesTag = 0xB002;

/// Calls `take` with each segment before the picture, by its marker and content, until it returns true;
/// returns where that content begins.
template <typename Take>
std::optional<std::size_t> find_segment(Bytes file, const Take& take) {
  for (std::size_t at = 2; at + 4 <= file.size() && file[at] == 0xFF;) {
    const int marker = file[at + 1];
    if (marker == 0xFF) {  // a filling byte
      ++at;
      continue;
    }
    const std::size_t length = big16(file, at + 2);
    if (marker == 0xDA || marker == 0xD9 || length < 2 || length > file.size() - at - 2) break;
    if (take(marker, file.subspan(at + 4, length - 2))) return at + 4;
    at += 2 + length;
  }
  return std::nullopt;
}

/// Whether there is a gain map behind the picture, by what either of its standards says: XMP of Adobe's, or
/// ISO 21496-1.
bool has_gain_map(Bytes file) {
  const auto found = find_segment(file, [](int marker, Bytes content) {
    const std::string_view text(reinterpret_cast<const char*>(content.data()), content.size());
    return (marker == 0xE1 && text.find(" hdrgm:Version=\""sv) != std::string_view::npos) ||
           (marker == 0xE2 && text.starts_with("urn:iso:std:iso:ts:21496:-1"sv));
  });
  return found.has_value();
}

}  // namespace

std::optional<MultiPictureIndex> find_multi_picture_index(Bytes file) {
  constexpr std::string_view kMark = "MPF\0"sv;
  const auto content =
      find_segment(file, [&](int marker, Bytes bytes) { return marker == 0xE2 && has(bytes, 0, kMark); });
  if (!content) return std::nullopt;
  MultiPictureIndex index;
  index.base = *content + kMark.size();
  index.little = has(file, index.base, "II"sv);
  const auto get = [&](std::size_t at, std::size_t bytes) -> std::uint32_t {  // what is outside is 0
    if (at > file.size() || bytes > file.size() - at) return 0;
    if (bytes == 2) return index.little ? little16(file, at) : big16(file, at);
    return index.little ? little32(file, at) : big32(file, at);
  };
  const std::size_t directory = index.base + get(index.base + 4, 4);
  std::size_t bytes = 0;
  for (std::uint32_t i = 0; i < get(directory, 2); ++i) {
    const std::size_t field = directory + 2 + std::size_t{12} * i;
    if (get(field, 2) == kCountTag) index.count = get(field + 8, 4);
    if (get(field, 2) != kEntriesTag) continue;
    bytes = get(field + 4, 4);
    index.entries = index.base + get(field + 8, 4);
  }
  const bool inside = index.entries <= file.size() && bytes <= file.size() - index.entries;
  if (!inside || index.count == 0 || index.count > bytes / MultiPictureIndex::kEntryBytes)
    return std::nullopt;
  return index;
}

Bytes further_picture(Bytes file, int frame) {
  if (frame == 0) return file;
  const auto index = find_multi_picture_index(file);
  const auto count = index && !has_gain_map(file) ? static_cast<std::int64_t>(index->count) : 1;
  if (frame >= count) fail_no_frame("JPEG", frame, count);
  const std::size_t entry =
      index->entries + static_cast<std::size_t>(frame) * MultiPictureIndex::kEntryBytes + 8;
  const std::size_t at = index->base + (index->little ? little32(file, entry) : big32(file, entry));
  if (!has(file, at, "\xFF\xD8\xFF"sv)) {
    fail_damaged("JPEG", "there is no JPEG where its index has frame " + std::to_string(frame));
  }
  return file.subspan(at);
}

}  // namespace caption
