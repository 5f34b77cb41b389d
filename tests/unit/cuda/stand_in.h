#pragma once

#include <cstddef>
#include <string>

#include "cuda/cpu_kernels.h"

namespace caption::cuda {

/// The CPU's kernels, of which a test replaces some.
class StandIn : public Kernels {
 public:
  void top_tokens(const TopTokens& request, Stream stream) const override {
    cpu_kernels().top_tokens(request, stream);
  }
  void resize(const Resize& request, Stream stream) const override { cpu_kernels().resize(request, stream); }
  void attend(const Attend& request, Stream stream) const override { cpu_kernels().attend(request, stream); }
  void* allocate(std::size_t bytes) const override { return cpu_kernels().allocate(bytes); }
  void release(void* memory) const override { cpu_kernels().release(memory); }
  void copy_in(void* device, const void* host, std::size_t bytes) const override {
    cpu_kernels().copy_in(device, host, bytes);
  }
  void copy_out(void* host, const void* device, std::size_t bytes) const override {
    cpu_kernels().copy_out(host, device, bytes);
  }
  std::string versions() const override { return cpu_kernels().versions(); }
};

}  // namespace caption::cuda
