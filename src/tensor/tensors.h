#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include "tensor/shape.h"
#include "tensor/tensor.h"

namespace caption {

/// The named tensors of one model part, as read from a file. Modules take what they need by name and shape;
/// what is left over is an error. Every failure is an Error(model) that names the file, the tensor, expected
/// and actual.
class Tensors {
 public:
  /// `file` is for messages; `prefix` is what stood before every name in the file ("visual."), so that
  /// messages show the name that the file has. The tensors may be views of a mapped file, of dtype fp16, bf16
  /// or fp32.
  Tensors(std::string file, std::string prefix, std::map<std::string, Tensor> tensors);

  const std::string& file() const { return file_; }
  bool contains(const std::string& name) const { return tensors_.count(name) != 0; }
  /// All of them by name, taken or not, in the dtype of the file.
  const std::map<std::string, Tensor>& all() const { return tensors_; }
  /// Shape of a tensor that must exist.
  Shape shape(const std::string& name) const;
  /// Shape of a tensor that must exist and have `dims` dimensions.
  Shape shape(const std::string& name, std::size_t dims) const;
  /// Smallest n such that no tensor's name starts with `before` + n + ".": the number of blocks.
  std::int64_t count_blocks(std::string_view before) const;

  /// Hands out a tensor that must exist with exactly this shape, in the dtype of the file.
  Tensor take(const std::string& name, const Shape& expected);
  /// Number of values in all of them; tensors that share memory count once.
  std::int64_t count_values() const;
  /// Throws if a tensor was never taken.
  void require_all_taken() const;

  /// Error(model) with the file's and the tensor's full name before `detail`.
  [[noreturn]] void fail(const std::string& name, const std::string& detail) const;

 private:
  const Tensor& find(const std::string& name) const;

  std::string file_;
  std::string prefix_;
  std::map<std::string, Tensor> tensors_;
  std::set<std::string> taken_;
};

}  // namespace caption
