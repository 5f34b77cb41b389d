#include "model/packed_writer.h"

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "files/replacing_file.h"
#include "files/sha256.h"
#include "model/packed_reader.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

/// Parts of matrices, one behind the other, each at a multiple of 64 bytes.
class Parts {
 public:
  /// -> where it lies
  std::uint64_t add(const WeightMemory& memory, std::size_t bytes) {
    if (bytes == 0) return 0;
    const std::uint64_t at = end_;
    parts_.emplace_back(memory.data(), bytes);
    end_ += bytes;  // panels of 64 words: already a multiple
    return at;
  }

  const std::vector<std::span<const std::byte>>& all() const { return parts_; }
  std::uint64_t bytes() const { return end_; }

 private:
  std::vector<std::span<const std::byte>> parts_;
  std::uint64_t end_ = 0;
};

}  // namespace

PackedWeights PackedRecorder::get(const MatrixKey& key, const std::function<PackedWeights()>& pack) {
  return matrices_.insert_or_assign(key.origin, pack()).first->second;
}

std::uint64_t PackedRecorder::write(const fs::path& file, PackedHeader header) const {
  Parts parts;
  for (const auto& [origin, m] : matrices_) {
    const PackedSizes sizes = packed_sizes(m.out, m.in, m.type);
    PackedHeader::Matrix& matrix = header.matrices[origin];
    matrix = {m.out, m.in, std::string(name_of(m.type))};
    matrix.words = parts.add(m.words, sizes.words);
    matrix.bias = parts.add(m.bias, sizes.bias);
    matrix.scales = parts.add(m.scales, sizes.only_int8);
    matrix.corrections = parts.add(m.corrections, sizes.only_int8);
  }
  header.bytes = parts.bytes();
  Sha256 digest;
  for (const auto& part : parts.all()) digest.add(part);
  header.sha256 = digest.text();

  const std::string front = header_text(header);
  ReplacingFile output(file, front.size() + parts.bytes());
  output.write(std::as_bytes(std::span(front)));
  for (const auto& part : parts.all()) output.write(part);
  output.keep();
  return front.size() + parts.bytes();
}

}  // namespace caption
