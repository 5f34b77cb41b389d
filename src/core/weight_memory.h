#pragma once

#include <cstddef>
#include <memory>

namespace caption {

/// Memory for weights: aligned to 64 bytes, and to huge pages where that is worth while (a decoding step
/// reads all weights once, so its speed is that of the memory and of the address translation).
class WeightMemory {
 public:
  explicit WeightMemory(std::size_t bytes);
  std::byte* data() const { return data_.get(); }

 private:
  struct Free {
    void operator()(std::byte* memory) const;
  };
  std::unique_ptr<std::byte, Free> data_;
};

}  // namespace caption
