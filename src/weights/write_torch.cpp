#include "weights/write_torch.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "base/crc32.h"
#include "caption/error.h"
#include "files/replacing_file.h"
#include "weights/storage.h"

namespace caption {
namespace {

constexpr std::size_t kAlignment = 64;  // of tensors in the file, as torch.save has them

/// `value` in `bytes` bytes, the lowest first.
std::string little_endian(std::uint64_t value, std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xFF);
  return text;
}

/// The opcodes of Python's pickle, protocol 2, that torch.save uses for a dict of tensors (pickletools.py).
class PickleWriter {
 public:
  void begin_dict() { bytes_ += "\x80\x02}("; }
  std::string end_dict() { return bytes_ + "u."; }

  void text(std::string_view value) {
    bytes_ += 'X' + little_endian(value.size(), 4);
    bytes_ += value;
  }

  void tensor(const Tensor& tensor, const std::string& storage) {
    global("torch._utils", "_rebuild_tensor_v2");
    bytes_ += "((";
    text("storage");
    global("torch", storage_name(tensor.dtype()));
    text(storage);
    text("cpu");
    number(tensor.numel());
    bytes_ += "tQ";  // a tuple, which the reader resolves
    number(0);       // the first element's place in the storage
    numbers(tensor.sizes());
    numbers(contiguous_strides(tensor.sizes()));
    bytes_ += '\x89';  // it needs no gradient
    global("collections", "OrderedDict");
    bytes_ += ")RtR";
  }

 private:
  static std::string_view storage_name(DType type) {
    switch (type) {
      case DType::fp32:
        return "FloatStorage";
      case DType::fp16:
        return "HalfStorage";
      case DType::bf16:
        return "BFloat16Storage";
      default:
        throw Error(ErrorKind::internal, "weights of a type that is not written");
    }
  }

  void global(std::string_view module, std::string_view name) {
    bytes_.append("c").append(module).append("\n").append(name).append("\n");
  }

  void number(std::int64_t value) {
    if (value <= std::numeric_limits<std::int32_t>::max()) {
      bytes_ += 'J' + little_endian(static_cast<std::uint64_t>(value), 4);
    } else {
      bytes_ += "\x8a\x08" + little_endian(static_cast<std::uint64_t>(value), 8);
    }
  }

  void numbers(const Shape& values) {
    bytes_ += '(';
    for (const std::int64_t value : values) number(value);
    bytes_ += 't';
  }

  std::string bytes_;
};

/// A zip archive of stored records (PKWARE's APPNOTE), in its 64-bit form where 32 bits do not reach.
class ZipWriter {
 public:
  explicit ZipWriter(ReplacingFile& file) : file_(file) {}

  /// `bytes` begin at a multiple of kAlignment.
  void add(const std::string& name, std::span<const std::byte> bytes) {
    if (bytes.size() >= kLimit)
      throw Error(ErrorKind::output, "a tensor of more than 4 GB cannot be written into a torch.save file");
    const std::string sizes =
        little_endian(crc32(bytes), 4) + little_endian(bytes.size(), 4) + little_endian(bytes.size(), 4);
    constexpr std::size_t kLocalHeader = 30;
    constexpr std::size_t kExtraHeader = 4;
    const std::uint64_t start = offset_ + kLocalHeader + name.size() + kExtraHeader;
    const std::size_t padding = (kAlignment - start % kAlignment) % kAlignment;
    const std::string common = kVersionAndFlags + sizes + little_endian(name.size(), 2);
    const std::string extra = "FB" + little_endian(padding, 2) + std::string(padding, 'Z');
    entries_.push_back({name, common, offset_});
    put("PK\x03\x04" + common + little_endian(extra.size(), 2) + name + extra);
    put(bytes);
  }

  void end() {
    const std::uint64_t directory = offset_;
    for (const Entry& entry : entries_) {
      const bool far = entry.offset >= kLimit;
      const std::string extra =
          far ? little_endian(1, 2) + little_endian(8, 2) + little_endian(entry.offset, 8) : "";
      put("PK\x01\x02" + little_endian(45, 2) + entry.common + little_endian(extra.size(), 2) +
          std::string(10, '\0') + little_endian(far ? kLimit : entry.offset, 4) + entry.name + extra);
    }
    const std::uint64_t size = offset_ - directory;
    const std::uint64_t end64 = offset_;
    put("PK\x06\x06" + little_endian(44, 8) + little_endian(45, 2) + little_endian(45, 2) +
        std::string(8, '\0') + little_endian(entries_.size(), 8) + little_endian(entries_.size(), 8) +
        little_endian(size, 8) + little_endian(directory, 8));
    put("PK\x06\x07" + std::string(4, '\0') + little_endian(end64, 8) + little_endian(1, 4));
    const std::uint64_t count = entries_.size() < kMany ? entries_.size() : kMany;
    put("PK\x05\x06" + std::string(4, '\0') + little_endian(count, 2) + little_endian(count, 2) +
        little_endian(size, 4) + little_endian(directory < kLimit ? directory : kLimit, 4) +
        std::string(2, '\0'));
  }

 private:
  static constexpr std::uint64_t kLimit = 0xFFFFFFFF;
  static constexpr std::uint64_t kMany = 0xFFFF;
  /// Version 4.5, names in UTF-8, stored, no time, 1 January 1980.
  inline static const std::string kVersionAndFlags = little_endian(45, 2) + little_endian(0x800, 2) +
                                                     little_endian(0, 2) + little_endian(0, 2) +
                                                     little_endian(0x21, 2);

  struct Entry {
    std::string name;
    std::string common;  ///< what its two headers share
    std::uint64_t offset;
  };

  void put(std::span<const std::byte> bytes) {
    file_.write(bytes);
    offset_ += bytes.size();
  }
  void put(const std::string& text) { put(std::as_bytes(std::span(text))); }

  ReplacingFile& file_;
  std::uint64_t offset_ = 0;
  std::vector<Entry> entries_;
};

}  // namespace

void write_torch(const std::filesystem::path& file, const std::map<std::string, Tensor>& tensors) {
  std::map<const std::byte*, std::string> storages;
  std::vector<Tensor> values;  // of each storage
  std::uint64_t bytes = 0;
  PickleWriter pickle;
  pickle.begin_dict();
  for (const auto& [name, tensor] : tensors) {
    const Tensor whole = tensor.contiguous();
    const auto [storage, added] = storages.emplace(whole.bytes(), std::to_string(storages.size()));
    pickle.text(name);
    pickle.tensor(whole, storage->second);
    if (!added) continue;
    values.push_back(whole);
    bytes += static_cast<std::uint64_t>(whole.numel()) * item_size(whole.dtype());
  }
  const std::string structure = pickle.end_dict();
  ReplacingFile output(file, structure.size() + bytes);
  ZipWriter zip(output);
  const auto add_text = [&](const char* name, std::string_view text) {
    zip.add(name, std::as_bytes(std::span(text)));
  };
  add_text("archive/data.pkl", structure);
  add_text("archive/byteorder", "little");
  for (std::size_t i = 0; i < values.size(); ++i)
    zip.add("archive/data/" + std::to_string(i),
            {values[i].bytes(), static_cast<std::size_t>(values[i].numel()) * item_size(values[i].dtype())});
  add_text("archive/version", "3\n");
  zip.end();
  output.keep();
}

}  // namespace caption
