#include "model/packed_reader.h"

#include <system_error>
#include <thread>
#include <utility>

#include "caption/error.h"
#include "files/mapped_file.h"

namespace caption {
namespace {

class MappedMatrices : public PackedStore {
 public:
  MappedMatrices(std::shared_ptr<const MappedFile> file, PackedHeader header)
      : file_(std::move(file)), header_(std::move(header)) {}

  PackedWeights get(const MatrixKey& key, const std::function<PackedWeights()>& pack) override {
    const auto found = header_.matrices.find(key.origin);
    if (found == header_.matrices.end()) return pack();
    const PackedHeader::Matrix& matrix = found->second;
    if (matrix.out != key.out || matrix.in != key.in || matrix.type != name_of(key.type)) return pack();
    const PackedSizes sizes = packed_sizes(key.out, key.in, key.type);
    if (!holds(matrix.words, sizes.words) || !holds(matrix.bias, sizes.bias) ||
        !holds(matrix.scales, sizes.only_int8) || !holds(matrix.corrections, sizes.only_int8)) {
      return pack();
    }
    return {key.in,
            key.out,
            key.type,
            sizes.steps,
            sizes.panels,
            part(matrix.words),
            part(matrix.bias),
            part(matrix.scales),
            part(matrix.corrections)};
  }

 private:
  /// The offset itself was checked when the header was read.
  bool holds(std::uint64_t offset, std::size_t bytes) const { return header_.bytes - offset >= bytes; }

  WeightMemory part(std::uint64_t offset) const {
    return WeightMemory(std::shared_ptr<const std::byte>(
        file_, file_->bytes().data() + static_cast<std::size_t>(header_.payload + offset)));
  }

  std::shared_ptr<const MappedFile> file_;
  PackedHeader header_;
};

}  // namespace

std::shared_ptr<PackedStore> open_packed(const FoundPacked& found) {
  const std::shared_ptr<const MappedFile> file = MappedFile::open(found.path, MappedFile::Reading::whole);
  // It may have been replaced since its header was read.
  if (file->bytes().size() != found.header.payload + found.header.bytes) {
    file->fail("was changed while it was being opened");
  }
  // Beside the rest of the loading, which needs few of them.
  try {
    std::thread([file] { file->fetch_pages(); }).detach();
  } catch (const std::system_error&) {  // no thread to be had: each page comes when it is needed
  }
  return std::make_shared<MappedMatrices>(file, found.header);
}

}  // namespace caption
