#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "kernels/packed_store.h"
#include "model/packed_header.h"

namespace caption {

/// Keeps the matrices of a model that is being loaded, and writes them to a file.
class PackedRecorder : public PackedStore {
 public:
  PackedWeights get(const MatrixKey& key, const std::function<PackedWeights()>& pack) override;

  /// Writes them to `file`, whose folder is made if need be: to a file beside it first, which takes its name
  /// when it is complete and on the disk, so that nobody ever sees a part of it and of several writers the
  /// last one counts. `header` has what is to be said besides the matrices. -> size of the file in bytes.
  /// Throws Error(output); then nothing is left behind.
  std::uint64_t write(const std::filesystem::path& file, PackedHeader header) const;

  bool empty() const { return matrices_.empty(); }

 private:
  std::map<std::string, PackedWeights> matrices_;  // by origin
};

}  // namespace caption
