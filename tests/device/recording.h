#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "libtorch/decode/graph_recorder.h"

namespace caption::accelerator {

/// The same memory as a tensor of the CPU.
inline at::Tensor on_cpu(const at::Tensor& x) {
  if (x.is_cpu()) return x;
  return at::from_blob(x.data_ptr(), x.sizes(), x.strides(), at::TensorOptions().dtype(x.scalar_type()));
}

/// What was computed on the test device. To learn the results' shapes it is computed while it is recorded,
/// and `restore` undoes that.
class Recording : public Graph {
 public:
  void add(std::function<void()> work) { work_.push_back(std::move(work)); }
  void keep(const at::Tensor& made) { kept_.push_back(made.storage()); }

  /// Before a tensor may be written.
  void touch(const at::Tensor& tensor) {
    if (!tensor.defined() || tensor.is_cpu()) return;
    const c10::Storage& storage = tensor.storage();
    const auto* bytes = static_cast<const std::byte*>(storage.data());
    before_.try_emplace(storage.unsafeGetStorageImpl(), storage,
                        std::vector<std::byte>(bytes, bytes + storage.nbytes()));
  }

  void restore() {
    for (auto& [_, saved] : before_) {
      auto& [storage, bytes] = saved;
      std::copy(bytes.begin(), bytes.end(), static_cast<std::byte*>(storage.mutable_data()));
    }
    before_.clear();
  }

  void replay() override {
    for (const auto& work : work_) work();
  }

 private:
  std::vector<std::function<void()>> work_;
  std::vector<c10::Storage> kept_;
  std::map<c10::StorageImpl*, std::pair<c10::Storage, std::vector<std::byte>>> before_;
};

}  // namespace caption::accelerator
