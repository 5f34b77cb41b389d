#include "exiv2/multi_picture.h"

#include <cstdint>
#include <optional>

#include "image/bytes.h"
#include "image/multi_picture.h"

namespace caption {
namespace {

void set(std::vector<std::byte>& file, std::size_t at, std::uint32_t value, bool little) {
  for (std::size_t i = 0; i < 4; ++i)
    file[at + i] = static_cast<std::byte>(value >> 8U * (little ? i : 3 - i) & 0xFFU);
}

}  // namespace

void keep_further_pictures(std::span<const std::byte> before, std::vector<std::byte>& after) {
  const std::optional<MultiPictureIndex> old = find_multi_picture_index(as_file(before));
  const std::optional<MultiPictureIndex> now = find_multi_picture_index(as_file(after));
  if (!old || !now || old->count != now->count) return;
  // Unsigned numbers wrap: what is subtracted comes out right.
  const auto longer = static_cast<std::uint32_t>(after.size() - before.size());
  const auto moved = static_cast<std::uint32_t>(now->base - old->base);
  const auto get = [&](std::size_t at) {
    return now->little ? little32(as_file(after), at) : big32(as_file(after), at);
  };
  for (std::size_t i = 0; i < now->count; ++i) {
    const std::size_t size = now->entries + i * MultiPictureIndex::kEntryBytes + 4;
    const std::size_t offset = size + 4;
    const std::uint32_t distance = get(offset);
    if (distance == 0) {  // the first picture, which has the metadata
      set(after, size, get(size) + longer, now->little);
    } else {
      set(after, offset, distance + longer - moved, now->little);
    }
  }
}

}  // namespace caption
