#include "weights/zip.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <utility>

#include "base/crc32.h"

namespace caption {
namespace {

constexpr std::uint32_t kLocalHeader = 0x04034b50;
constexpr std::uint32_t kCentralHeader = 0x02014b50;
constexpr std::uint32_t kEnd = 0x06054b50;
constexpr std::uint32_t kEnd64 = 0x06064b50;
constexpr std::uint32_t kLocator64 = 0x07064b50;
constexpr std::size_t kCentralHeaderSize = 46;
constexpr std::size_t kEndSize = 22;
constexpr std::size_t kEnd64Size = 56;
constexpr std::size_t kLocator64Size = 20;
constexpr std::uint16_t kExtra64 = 1;
constexpr std::uint16_t kEncrypted = 1 << 0;
constexpr std::uint16_t kSizesFollowData = 1 << 3;
constexpr std::uint32_t kIn64 = 0xFFFFFFFF;
constexpr std::uint16_t kIn64Short = 0xFFFF;
constexpr std::uint64_t kMostRecords = 100'000;
constexpr std::size_t kLongestRecordName = 1024;

std::uint64_t read_u32(std::span<const std::byte> bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value |= std::to_integer<std::uint64_t>(bytes[at + i]) << (8 * i);
  return value;
}

/// The 64-bit values of the zip64 extra field stand for those fields, in this order, that hold the mark
/// kIn64.
void take_zip64_extra(ByteReader extra, std::initializer_list<std::uint64_t*> fields) {
  while (extra.remaining() >= 4) {
    const std::uint16_t tag = extra.u16();
    const std::uint16_t size = extra.u16();
    if (tag != kExtra64) {
      extra.take(size);
      continue;
    }
    const std::size_t start = extra.position();
    for (std::uint64_t* field : fields) {
      if (*field == kIn64) *field = extra.u64();
    }
    if (extra.position() - start > size) extra.fail("the zip64 field is shorter than its values");
    return;
  }
}

}  // namespace

ZipArchive::ZipArchive(const MappedFile& file) : file_(file) {
  const Directory directory = find_directory();
  read_directory(directory);
  require_disjoint(directory);
}

ZipArchive::Directory ZipArchive::find_directory() const {
  const auto bytes = file_.bytes();
  constexpr std::size_t kLongestComment = 0xFFFF;
  std::optional<std::size_t> end;
  for (std::size_t back = kEndSize; back <= std::min(bytes.size(), kEndSize + kLongestComment); ++back) {
    const std::size_t at = bytes.size() - back;
    if (read_u32(bytes, at) != kEnd) continue;
    // Whoever appended bytes to the file, as line ends, left the directory where it is.
    if ((read_u32(bytes, at + 18) >> 16) > back - kEndSize) continue;
    end = at;
    break;
  }
  if (!end) {
    file_.fail("a zip archive without its directory at the end: the file is truncated (" +
               std::to_string(bytes.size()) + " bytes are here); fetch it again");
  }
  ByteReader reader(file_, "zip end record", bytes.subspan(*end));
  reader.take(4);
  const std::uint16_t disk = reader.u16();
  const std::uint16_t directory_disk = reader.u16();
  const std::uint16_t records_here = reader.u16();
  Directory directory;
  directory.records = reader.u16();
  directory.size = reader.u32();
  directory.start = reader.u32();
  if (disk != 0 || directory_disk != 0 || records_here != directory.records) {
    file_.fail("a zip archive in several volumes; expected one file");
  }
  std::uint64_t expected_end = *end;
  if (*end >= kLocator64Size && read_u32(bytes, *end - kLocator64Size) == kLocator64) {
    ByteReader locator(file_, "zip64 locator", bytes.subspan(*end - kLocator64Size, kLocator64Size));
    locator.take(8);
    expected_end = locator.u64();
    if (expected_end > bytes.size() || bytes.size() - expected_end < kEnd64Size) {
      file_.fail("the zip64 end record is said to lie at " + std::to_string(expected_end) +
                 ", outside the file of " + std::to_string(bytes.size()) + " bytes");
    }
    apply_zip64(static_cast<std::size_t>(expected_end), directory);
  }
  if (directory.start > expected_end || directory.size != expected_end - directory.start) {
    file_.fail("the zip directory is said to be at " + std::to_string(directory.start) + " with " +
               std::to_string(directory.size) +
               " bytes; expected it to end where the end record begins, at " + std::to_string(expected_end));
  }
  return directory;
}

void ZipArchive::apply_zip64(std::size_t end_record, Directory& directory) const {
  ByteReader reader(file_, "zip64 end record", file_.bytes().subspan(end_record));
  if (reader.u32() != kEnd64) reader.fail("the locator points to something else");
  reader.take(20);  // its size, versions and disk numbers
  const std::uint64_t records_here = reader.u64();
  const std::uint64_t records = reader.u64();
  const std::uint64_t size = reader.u64();
  const std::uint64_t start = reader.u64();
  const auto agree = [](std::uint64_t narrow, std::uint64_t mark, std::uint64_t value) {
    return narrow == mark || narrow == value;
  };
  if (records_here != records || !agree(directory.records, kIn64Short, records) ||
      !agree(directory.size, kIn64, size) || !agree(directory.start, kIn64, start)) {
    reader.fail("the two end records of the zip archive disagree");
  }
  directory = Directory{.start = start, .size = size, .records = records};
}

void ZipArchive::read_directory(const Directory& directory) {
  if (directory.records > kMostRecords || directory.records * kCentralHeaderSize > directory.size) {
    file_.fail("the zip directory claims " + std::to_string(directory.records) + " records in " +
               std::to_string(directory.size) + " bytes; expected at most " + std::to_string(kMostRecords));
  }
  ByteReader reader(file_, "zip directory",
                    file_.bytes().subspan(static_cast<std::size_t>(directory.start),
                                          static_cast<std::size_t>(directory.size)));
  for (std::uint64_t i = 0; i < directory.records; ++i) {
    if (reader.u32() != kCentralHeader) reader.fail("expected the header of record " + std::to_string(i));
    ZipRecord record;
    reader.take(4);  // versions
    record.flags = reader.u16();
    record.method = reader.u16();
    reader.take(4);  // time and date
    record.crc = reader.u32();
    std::uint64_t stored_size = reader.u32();
    record.size = reader.u32();
    const std::uint16_t name_size = reader.u16();
    const std::uint16_t extra_size = reader.u16();
    const std::uint16_t comment_size = reader.u16();
    reader.take(8);  // disk and attributes
    record.start = reader.u32();
    if (name_size > kLongestRecordName) {
      reader.fail("a record's name of " + std::to_string(name_size) + " bytes; expected at most " +
                  std::to_string(kLongestRecordName));
    }
    record.name = reader.text(name_size);
    take_zip64_extra(
        ByteReader(file_, "zip64 field of record '" + shown(record.name) + "'", reader.take(extra_size)),
        {&record.size, &stored_size, &record.start});
    reader.take(comment_size);
    place(record, stored_size);
    const std::string name = record.name;
    if (!records_.emplace(name, std::move(record)).second) {
      file_.fail("the zip archive holds the record '" + shown(name) + "' twice");
    }
  }
  if (reader.remaining() != 0) reader.fail("bytes after the last of the records");
}

void ZipArchive::place(ZipRecord& record, std::uint64_t stored_size) const {
  const auto bytes = file_.bytes();
  const std::string what = "zip record '" + shown(record.name) + "'";
  if (record.start > bytes.size()) {
    file_.fail(what + ": said to begin at " + std::to_string(record.start) + ", outside the file of " +
               std::to_string(bytes.size()) + " bytes");
  }
  ByteReader reader(file_, what, bytes.subspan(static_cast<std::size_t>(record.start)));
  if (reader.u32() != kLocalHeader) reader.fail("no local header where the directory says");
  reader.take(2);  // version
  const std::uint16_t flags = reader.u16();
  const std::uint16_t method = reader.u16();
  reader.take(4);  // time and date
  const std::uint32_t crc = reader.u32();
  const std::uint32_t local_stored_size = reader.u32();
  const std::uint32_t local_size = reader.u32();
  const std::uint16_t name_size = reader.u16();
  const std::uint16_t extra_size = reader.u16();
  const bool sizes_here = (flags & kSizesFollowData) == 0;
  if (reader.text(name_size) != record.name || method != record.method || flags != record.flags ||
      (sizes_here && (crc != record.crc || (local_size != kIn64 && local_size != record.size) ||
                      (local_stored_size != kIn64 && local_stored_size != stored_size)))) {
    reader.fail("its local header disagrees with the directory");
  }
  reader.take(extra_size);
  record.bytes = reader.take(stored_size);
}

void ZipArchive::require_disjoint(const Directory& directory) const {
  const std::byte* const base = file_.bytes().data();
  std::vector<const ZipRecord*> order;
  for (const auto& [name, record] : records_) order.push_back(&record);
  std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) { return a->start < b->start; });
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto end = static_cast<std::uint64_t>(order[i]->bytes.data() - base) + order[i]->bytes.size();
    const bool last = i + 1 == order.size();
    if (end > (last ? directory.start : order[i + 1]->start)) {
      std::string next = "the directory";
      if (!last) next = shown(order[i + 1]->name);
      file_.fail("the zip record '" + shown(order[i]->name) + "' overlaps " + next);
    }
  }
}

std::span<const std::byte> ZipArchive::read(const std::string& name, bool check) const {
  const auto found = records_.find(name);
  if (found == records_.end()) file_.fail("the zip archive has no record '" + shown(name) + "'");
  const ZipRecord& record = found->second;
  const std::string what = "zip record '" + shown(name) + "'";
  if ((record.flags & kEncrypted) != 0) file_.fail(what + " is encrypted");
  if (record.method != 0) {
    file_.fail(what + " is compressed; torch stores weights uncompressed: was the file zipped again?");
  }
  if (record.bytes.size() != record.size) {
    file_.fail(what + ": " + std::to_string(record.bytes.size()) + " bytes stored, " +
               std::to_string(record.size) + " expected");
  }
  if ((check || record.size <= kAlwaysChecked) && crc32(record.bytes) != record.crc) {
    file_.fail(what + " is damaged: its checksum is wrong; fetch the file again");
  }
  return record.bytes;
}

}  // namespace caption
