#include "exiv2/multi_picture.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace caption {
namespace {

constexpr std::string_view kMark("MPF\0", 4);
constexpr std::size_t kEntryBytes = 16;  // attributes, size, offset, two numbers of other pictures
constexpr std::uint16_t kEntriesTag = 0xB002;

/// Whole numbers in a file's bytes, in the order that its header says. What is outside is 0.
class Numbers {
 public:
  Numbers(std::span<const std::byte> bytes, bool little) : bytes_(bytes), little_(little) {}

  std::uint32_t get(std::size_t at, std::size_t size) const {
    std::uint32_t value = 0;
    if (at > bytes_.size() || size > bytes_.size() - at) return 0;
    for (std::size_t i = 0; i < size; ++i)
      value = value << 8U | std::to_integer<std::uint32_t>(bytes_[at + (little_ ? size - 1 - i : i)]);
    return value;
  }

 private:
  std::span<const std::byte> bytes_;
  bool little_;
};

struct Index {
  std::size_t base = 0;     ///< what offsets count from
  std::size_t entries = 0;  ///< where the first one is
  std::size_t count = 0;
  bool little = false;
};

/// Where the segment with the mark has its content behind that.
std::optional<std::size_t> find_mark(std::span<const std::byte> file) {
  const Numbers numbers(file, false);
  for (std::size_t at = 2; numbers.get(at, 1) == 0xFF;) {
    const std::uint32_t kind = numbers.get(at + 1, 1);
    if (kind == 0xFF) {  // a filling byte
      ++at;
      continue;
    }
    if (kind == 0xDA || kind == 0xD9) break;
    const std::size_t length = numbers.get(at + 2, 2);
    if (length < 2 || at + 2 + length > file.size()) break;
    const std::string_view content(reinterpret_cast<const char*>(&file[at + 2]), length);
    if (kind == 0xE2 && content.substr(2).starts_with(kMark)) return at + 4 + kMark.size();
    at += 2 + length;
  }
  return std::nullopt;
}

std::optional<Index> find_index(std::span<const std::byte> file) {
  const std::optional<std::size_t> base = find_mark(file);
  if (!base) return std::nullopt;
  const bool little = Numbers(file, false).get(*base, 2) == 0x4949;
  const Numbers numbers(file, little);
  const std::size_t directory = *base + numbers.get(*base + 4, 4);
  const std::size_t fields = numbers.get(directory, 2);
  for (std::size_t field = directory + 2; field < directory + 2 + 12 * fields; field += 12) {
    if (numbers.get(field, 2) != kEntriesTag) continue;
    const std::size_t count = numbers.get(field + 4, 4) / kEntryBytes;
    const std::size_t entries = *base + numbers.get(field + 8, 4);
    if (entries > file.size() || count > (file.size() - entries) / kEntryBytes) return std::nullopt;
    return Index{*base, entries, count, little};
  }
  return std::nullopt;
}

void set(std::vector<std::byte>& file, std::size_t at, std::uint32_t value, bool little) {
  for (std::size_t i = 0; i < 4; ++i)
    file[at + i] = static_cast<std::byte>(value >> 8U * (little ? i : 3 - i) & 0xFFU);
}

}  // namespace

void keep_further_pictures(std::span<const std::byte> before, std::vector<std::byte>& after) {
  const std::optional<Index> old = find_index(before);
  const std::optional<Index> now = find_index(after);
  if (!old || !now || old->count != now->count) return;
  // Unsigned numbers wrap: what is subtracted comes out right.
  const auto longer = static_cast<std::uint32_t>(after.size() - before.size());
  const auto moved = static_cast<std::uint32_t>(now->base - old->base);
  const Numbers numbers(after, now->little);
  for (std::size_t i = 0; i < now->count; ++i) {
    const std::size_t size = now->entries + i * kEntryBytes + 4;
    const std::size_t offset = size + 4;
    const std::uint32_t distance = numbers.get(offset, 4);
    if (distance == 0) {  // the first picture, which has the metadata
      set(after, size, numbers.get(size, 4) + longer, now->little);
    } else {
      set(after, offset, distance + longer - moved, now->little);
    }
  }
}

}  // namespace caption
