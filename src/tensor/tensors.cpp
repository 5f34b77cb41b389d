#include "tensor/tensors.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "caption/error.h"

namespace caption {

Tensors::Tensors(std::string file, std::string prefix, std::map<std::string, Tensor> tensors)
    : file_(std::move(file)), prefix_(std::move(prefix)), tensors_(std::move(tensors)) {}

Shape Tensors::shape(const std::string& name) const {
  return find(name).sizes();
}

Shape Tensors::shape(const std::string& name, std::size_t dims) const {
  Shape actual = shape(name);
  if (actual.size() != dims) {
    fail(name, "expected " + std::to_string(dims) + " dimensions, found shape " + to_string(actual));
  }
  return actual;
}

std::int64_t Tensors::count_blocks(std::string_view before) const {
  std::int64_t count = 0;
  for (;; ++count) {
    const std::string start = std::string(before) + std::to_string(count) + ".";
    const auto it = tensors_.lower_bound(start);
    if (it == tensors_.end() || it->first.compare(0, start.size(), start) != 0) return count;
  }
}

Tensor Tensors::take(const std::string& name, const Shape& expected) {
  const Tensor& tensor = find(name);
  if (!is_weight_type(tensor.dtype())) {
    fail(name, "expected fp32, fp16 or bf16 values, found " + std::string(name_of(tensor.dtype())));
  }
  if (tensor.sizes() != expected) {
    fail(name, "expected shape " + to_string(expected) + ", found " + to_string(tensor.sizes()));
  }
  taken_.insert(name);
  return tensor;
}

std::int64_t Tensors::count_values() const {
  std::map<const void*, std::int64_t> counts;
  for (const auto& [name, tensor] : tensors_) {
    std::int64_t& count = counts[tensor.bytes()];
    count = std::max(count, tensor.numel());
  }
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0},
                         [](std::int64_t sum, const auto& count) { return sum + count.second; });
}

void Tensors::require_all_taken() const {
  for (const auto& [name, tensor] : tensors_) {
    if (taken_.count(name) == 0) {
      fail(name, "unknown tensor of shape " + to_string(tensor.sizes()) +
                     "; this is not a model that caption knows");
    }
  }
}

void Tensors::fail(const std::string& name, const std::string& detail) const {
  throw Error(ErrorKind::model, file_ + ": tensor '" + prefix_ + name + "': " + detail, file_);
}

const Tensor& Tensors::find(const std::string& name) const {
  const auto it = tensors_.find(name);
  if (it == tensors_.end()) fail(name, "missing");
  return it->second;
}

}  // namespace caption
