#pragma once

#include <cstddef>
#include <memory>
#include <utility>

namespace caption {

/// Memory for weights, aligned to 64 bytes, that lives as long as a copy of this object. Many pieces share
/// large blocks in huge pages (a decoding step reads all weights once, so its speed is that of the memory and
/// of the address translation), without gaps: rounding each matrix up to whole huge pages would cost a tenth
/// of the model.
class WeightMemory {
 public:
  /// Memory of its own, uninitialised.
  explicit WeightMemory(std::size_t bytes);
  /// Memory of another owner, such as a mapped file.
  explicit WeightMemory(std::shared_ptr<const std::byte> bytes) : data_(std::move(bytes)) {}

  const std::byte* data() const { return data_.get(); }
  /// Only for memory of its own.
  std::byte* mutable_data() { return const_cast<std::byte*>(data_.get()); }

 private:
  std::shared_ptr<const std::byte> data_;
};

}  // namespace caption
