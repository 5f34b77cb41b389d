#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>

#include "weights/formats.h"
#include "weights/torch_tensors.h"

namespace caption {
namespace {

/// torch's magic number, an integer of ten bytes, and the end of its pickle.
constexpr std::array<std::uint8_t, 13> kMagic = {0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9,
                                                 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e};
constexpr std::uint8_t kProto = 0x80;
constexpr std::uint8_t kFrame = 0x95;  // from protocol 4 on; eight bytes follow
constexpr std::int64_t kProtocol = 1001;

/// Bytes of the pickle of the magic number that the file begins with, in any protocol; 0 if it does not.
std::size_t magic_size(std::span<const std::byte> bytes) {
  const auto at = [&](std::size_t i) {
    return i < bytes.size() ? std::to_integer<std::uint8_t>(bytes[i]) : 0;
  };
  constexpr std::size_t kProtocolSize = 2;
  constexpr std::size_t kFrameSize = 9;
  if (at(0) != kProto) return 0;
  const std::size_t start = kProtocolSize + (at(kProtocolSize) == kFrame ? kFrameSize : 0);
  for (std::size_t i = 0; i < kMagic.size(); ++i)
    if (at(start + i) != kMagic[i]) return 0;
  return start + kMagic.size();
}

/// The pickles of the file, one after the other, and then its storages.
class LegacyFile {
 public:
  explicit LegacyFile(const MappedFile& file)
      : file_(file), rest_(file.bytes().subspan(magic_size(file.bytes()))) {}

  Pickle next(const std::string& what) {
    Pickle pickle(file_, what, rest_);
    rest_ = rest_.subspan(pickle.size());
    return pickle;
  }
  std::span<const std::byte> rest() const { return rest_; }

 private:
  const MappedFile& file_;
  std::span<const std::byte> rest_;
};

void require_system(const MappedFile& file, const PickleValue& protocol, const PickleValue& system) {
  if (!protocol.is(PickleValue::Kind::integer) || protocol.integer != kProtocol) {
    file.fail("legacy torch.save with protocol " + describe(protocol) + "; expected 1001");
  }
  const PickleValue* little = system.find("little_endian");
  if (little == nullptr || !little->is(PickleValue::Kind::boolean) || little->integer != 1) {
    file.fail("legacy torch.save of a machine that was not little-endian; save it again on one that is");
  }
}

using Storages = std::unordered_map<std::string, std::span<const std::byte>>;

/// Cuts the end of the file into the storages, which come in the order of `keys` and have the sizes that the
/// pickle told.
Storages read_storages(const MappedFile& file, const Pickle& weights, const PickleValue& keys,
                       std::span<const std::byte> bytes) {
  std::unordered_map<std::string, StorageId> ids;
  for (const PickleValue* persistent : weights.persistent()) {
    StorageId id = parse_storage_id(file, *persistent);
    const std::string key = id.key;
    ids.emplace(key, std::move(id));
  }
  Storages storages;
  ByteReader reader(file, "storages of legacy torch.save", bytes);
  for (const PickleValue* key : keys.items) {
    const auto id = key->is(PickleValue::Kind::text) ? ids.find(key->text) : ids.end();
    if (id == ids.end()) reader.fail("no tensor belongs to the storage of " + describe(*key));
    const std::uint64_t elements = reader.u64();
    const std::uint64_t item = item_size(id->second.dtype);
    if (elements != id->second.bytes / item) {
      reader.fail("storage '" + shown(key->text) + "' has " + std::to_string(elements) +
                  " elements; expected " + std::to_string(id->second.bytes / item));
    }
    if (!storages.emplace(key->text, reader.take(id->second.bytes)).second) {
      reader.fail("storage '" + shown(key->text) + "' is there twice");
    }
  }
  if (reader.remaining() != 0)
    reader.fail(std::to_string(reader.remaining()) + " bytes after the last storage");
  return storages;
}

}  // namespace

bool is_torch_legacy(std::span<const std::byte> bytes) {
  return magic_size(bytes) > 0;
}

WeightFile read_torch_legacy(const std::shared_ptr<const MappedFile>& file) {
  LegacyFile legacy(*file);
  const Pickle protocol = legacy.next("protocol of legacy torch.save");
  const Pickle system = legacy.next("system of legacy torch.save");
  require_system(*file, protocol.root(), system.root());
  const Pickle weights = legacy.next("pickle of legacy torch.save");
  const Pickle keys = legacy.next("storage keys of legacy torch.save");
  if (!keys.root().is(PickleValue::Kind::list)) {
    file->fail("storage keys of legacy torch.save: expected a list, found " + describe(keys.root()));
  }
  const Storages storages = read_storages(*file, weights, keys.root(), legacy.rest());

  TorchTensors tensors(file, [&](const StorageId& id) {
    const auto found = storages.find(id.key);
    if (found == storages.end()) file->fail("storage '" + shown(id.key) + "' is not in the file");
    if (found->second.size() != id.bytes) {
      file->fail("storage '" + shown(id.key) + "' has " + std::to_string(found->second.size()) +
                 " bytes; expected " + std::to_string(id.bytes));
    }
    return found->second;
  });
  WeightFile result;
  result.path = file->path();
  result.format = "torch.save (legacy)";
  tensors.read_state_dict(weights.root(), result);
  return result;
}

}  // namespace caption
