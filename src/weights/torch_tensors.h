#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>

#include "files/mapped_file.h"
#include "weights/pickle.h"
#include "weights/weights.h"

namespace caption {

/// A storage that a pickle of torch's refers to by a persistent id.
struct StorageId {
  std::string key;
  DType dtype = DType::fp32;
  std::uint64_t bytes = 0;  ///< elements times the size of one
};

/// Reads ('storage', torch.FloatStorage, key, location, elements). Throws Error(model). The location ("cpu",
/// "cuda:0") is where it was, which is of no interest.
StorageId parse_storage_id(const MappedFile& file, const PickleValue& persistent);

/// Makes tensors of what a pickle says about them.
class TorchTensors {
 public:
  /// The bytes of a storage, exactly StorageId::bytes many. Throws Error(model).
  using Load = std::function<std::span<const std::byte>(const StorageId&)>;

  TorchTensors(std::shared_ptr<const MappedFile> file, Load load);

  /// Whether `value` is the rebuilding of a tensor or a parameter.
  static bool is_tensor(const PickleValue& value);
  Tensor tensor(const std::string& name, const PickleValue& value);

  /// All tensors of a dict by its keys, or of the dict inside it that training programs write: "state_dict",
  /// "model_state_dict", "model", or the only one with tensors. Scalars and strings beside the tensors are
  /// ignored. "module.", "_orig_mod." and the like (data-parallel, compiled and sharded training) are taken
  /// out of names.
  void read_state_dict(const PickleValue& root, WeightFile& result);
  /// All tensors among the attributes of a TorchScript module and of the modules in it, by full dotted name,
  /// and the integers of the outermost one (0-dimensional integer tensors too: that is how OpenAI's archives
  /// keep them).
  void read_module(const PickleValue& root, WeightFile& result);

 private:
  void collect_module(const PickleValue& module, const std::string& prefix, int depth, WeightFile& result);
  void add(WeightFile& result, const std::string& name, const PickleValue& value);
  const Tensor& storage(const std::string& what, const PickleValue& persistent);

  std::shared_ptr<const MappedFile> file_;
  Load load_;
  std::unordered_map<std::string, Tensor> storages_;
  std::size_t visited_ = 0;
};

}  // namespace caption
