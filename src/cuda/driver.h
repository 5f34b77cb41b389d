#pragma once

#include <cstdint>
#include <string>

namespace caption {

/// NVIDIA's driver, opened at run time and asked without LibTorch, whose own messages would not tell a person
/// what to do. Its functions throw Error(model) that says what is missing and what helps.
class CudaDriver {
 public:
  struct Memory {
    std::uint64_t free = 0;  ///< bytes
    std::uint64_t total = 0;
  };

  /// Throws if there is no driver, if it is too old for LibTorch's CUDA or if it finds no GPU.
  CudaDriver();

  /// "13.1": the newest CUDA that it serves.
  std::string cuda_version() const;
  /// Number of GPUs, at least 1.
  int count() const { return count_; }
  /// "Tesla T4"
  std::string name(int index) const;
  /// Its compute capability, 75 for 7.5.
  int capability(int index) const;
  Memory memory(int index) const;

 private:
  template <typename Function>
  Function* function(const char* name) const;
  std::string describe(int status) const;
  void check(int status, const char* what) const;
  int device(int index) const;

  void* library_;
  int version_ = 0;
  int count_ = 0;
};

}  // namespace caption
