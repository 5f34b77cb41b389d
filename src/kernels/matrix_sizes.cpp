#include "kernels/matrix_sizes.h"

#include <cstddef>
#include <functional>

namespace caption {
namespace {

class MatrixSizes : public PackedStore {
 public:
  PackedWeights get(const MatrixKey& key, const std::function<PackedWeights()>& /*pack*/) override {
    const PackedSizes sizes = packed_sizes(key.out, key.in, key.type);
    const WeightMemory nothing{std::shared_ptr<const std::byte>()};
    return {key.in, key.out, key.type, sizes.steps, sizes.panels, nothing, nothing, nothing, nothing};
  }
};

}  // namespace

std::shared_ptr<PackedStore> sizes_of_matrices() {
  return std::make_shared<MatrixSizes>();
}

}  // namespace caption
