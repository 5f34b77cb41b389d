#include "tensor/tensor.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "base/memory.h"
#include "caption/error.h"
#include "tensor/convert.h"

namespace caption {
namespace {

[[noreturn]] void misuse(const std::string& what) {
  throw Error(ErrorKind::internal, "tensor: " + what);
}

/// Copies a view of `dims` dimensions to where its elements lie in order. -> behind the last
std::byte* copy_in_order(const Tensor& view, std::int64_t dim, const std::byte* from, std::byte* to) {
  const std::size_t item = item_size(view.dtype());
  const std::int64_t size = view.size(dim);
  const std::int64_t step = view.stride(dim) * static_cast<std::int64_t>(item);
  if (dim + 1 < view.dim()) {
    for (std::int64_t i = 0; i < size; ++i) to = copy_in_order(view, dim + 1, from + i * step, to);
    return to;
  }
  if (view.stride(dim) == 1) {
    const std::size_t bytes = static_cast<std::size_t>(size) * item;
    std::memcpy(to, from, bytes);
    return to + bytes;
  }
  const auto copy = [&]<typename Item>(Item) {
    for (std::int64_t i = 0; i < size; ++i, to += item) std::memcpy(to, from + i * step, sizeof(Item));
  };
  switch (item) {
    case 8:
      copy(std::uint64_t{});
      break;
    case 4:
      copy(std::uint32_t{});
      break;
    case 2:
      copy(std::uint16_t{});
      break;
    default:
      copy(std::uint8_t{});
  }
  return to;
}

/// Strides that make a view of `shape` out of `from`, if there are any.
std::optional<Shape> strides_for(const Tensor& from, const Shape& shape) {
  if (from.is_contiguous()) return contiguous_strides(shape);
  // Without its dimensions of size 1, each run of dimensions that lie in each other's order becomes one.
  Shape sizes;
  Shape strides;
  for (std::int64_t i = 0; i < from.dim(); ++i) {
    if (from.size(i) == 1) continue;
    if (!sizes.empty() && strides.back() == from.size(i) * from.stride(i)) {
      sizes.back() *= from.size(i);
      strides.back() = from.stride(i);
    } else {
      sizes.push_back(from.size(i));
      strides.push_back(from.stride(i));
    }
  }
  Shape result(shape.size(), 1);
  std::size_t run = sizes.size();
  std::int64_t inside = 1;  // elements of the run that dimensions behind this one take
  for (std::size_t i = shape.size(); i-- > 0;) {
    if (shape[i] == 1) continue;
    if (inside == 1) {
      if (run == 0) return std::nullopt;
      --run;
    }
    result[i] = strides[run] * inside;
    inside *= shape[i];
    if (inside > sizes[run] || sizes[run] % inside != 0) return std::nullopt;
    if (inside == sizes[run]) inside = 1;
  }
  return run == 0 && inside == 1 ? std::optional(result) : std::nullopt;
}

}  // namespace

std::int64_t count_elements(std::span<const std::int64_t> shape) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) {
    if (size < 0 || __builtin_mul_overflow(count, size, &count))
      misuse("impossible shape " + to_string(shape));
  }
  return count;
}

Shape contiguous_strides(std::span<const std::int64_t> shape) {
  Shape strides(shape.size(), 1);
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return strides;  // the others may be any
  for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

Tensor Tensor::empty(Shape shape) {
  Tensor tensor;
  tensor.data_ = allocate_memory(static_cast<std::size_t>(count_elements(shape)) * sizeof(float));
  tensor.strides_ = contiguous_strides(shape);
  tensor.sizes_ = std::move(shape);
  return tensor;
}

Tensor Tensor::of(Shape shape, std::span<const float> values) {
  Tensor tensor = empty(std::move(shape));
  if (static_cast<std::size_t>(tensor.numel()) != values.size()) {
    misuse(std::to_string(values.size()) + " values for shape " + to_string(tensor.sizes()));
  }
  std::copy(values.begin(), values.end(), tensor.mutable_data());
  return tensor;
}

Tensor Tensor::of_file(std::shared_ptr<const MappedFile> file, std::span<const std::byte> bytes, DType type) {
  Tensor tensor;
  tensor.file_ = file.get();
  // Shared memory is mutable for its owner; a file's is not: mutable_data refuses it.
  tensor.data_ = std::shared_ptr<std::byte>(std::move(file), const_cast<std::byte*>(bytes.data()));
  tensor.type_ = type;
  tensor.sizes_ = {static_cast<std::int64_t>(bytes.size() / item_size(type))};
  tensor.strides_ = {1};
  return tensor;
}

Tensor Tensor::copy_of(std::span<const std::byte> bytes, DType type) {
  Tensor tensor;
  tensor.data_ = allocate_memory(bytes.size());
  if (!bytes.empty()) std::memcpy(tensor.data_.get(), bytes.data(), bytes.size());
  tensor.type_ = type;
  tensor.sizes_ = {static_cast<std::int64_t>(bytes.size() / item_size(type))};
  tensor.strides_ = {1};
  return tensor;
}

std::int64_t Tensor::numel() const {
  return count_elements(sizes_);
}

bool Tensor::is_contiguous() const {
  std::int64_t expected = 1;
  for (std::size_t i = sizes_.size(); i-- > 0;) {
    if (sizes_[i] == 1) continue;
    if (strides_[i] != expected) return numel() == 0;
    expected *= sizes_[i];
  }
  return true;
}

void Tensor::refuse_dimension(std::int64_t i) const {
  misuse("no dimension " + std::to_string(i) + " in " + to_string(sizes_));
}

void Tensor::require_type(DType type) const {
  if (type_ != type || !defined()) {
    misuse("asked for " + std::string(name_of(type)) + ", but it is " +
           (defined() ? std::string(name_of(type_)) : "undefined"));
  }
}

const float* Tensor::data() const {
  require_type(DType::fp32);
  return reinterpret_cast<const float*>(data_.get());
}

float* Tensor::mutable_data() {
  require_type(DType::fp32);
  if (file_ != nullptr) misuse("a file's values are not to be changed");
  return reinterpret_cast<float*>(data_.get());
}

const std::uint16_t* Tensor::half_bits() const {
  if (type_ != DType::bf16) require_type(DType::fp16);
  return reinterpret_cast<const std::uint16_t*>(data_.get());
}

std::int64_t Tensor::integer() const {
  const auto read = [this]<typename Item>(Item item) {
    std::memcpy(&item, data_.get(), sizeof item);
    return static_cast<std::int64_t>(item);
  };
  switch (numel() == 1 ? type_ : DType::fp32) {
    case DType::int64:
      return read(std::int64_t{});
    case DType::int32:
      return read(std::int32_t{});
    case DType::int16:
      return read(std::int16_t{});
    case DType::int8:
      return read(std::int8_t{});
    case DType::uint8:
      return read(std::uint8_t{});
    default:
      misuse("no integer is in " + std::string(name_of(type_)) + " " + to_string(sizes_));
  }
}

Tensor Tensor::as_strided(Shape sizes, Shape strides, std::int64_t offset) const {
  Tensor view = *this;
  view.data_ =
      std::shared_ptr<std::byte>(data_, data_.get() + offset * static_cast<std::int64_t>(item_size(type_)));
  view.sizes_ = std::move(sizes);
  view.strides_ = std::move(strides);
  return view;
}

Tensor Tensor::narrow(std::int64_t dim, std::int64_t start, std::int64_t length) const {
  if (start < 0 || length < 0 || start > size(dim) || length > size(dim) - start) {
    misuse(std::to_string(length) + " from " + std::to_string(start) + " of dimension " +
           std::to_string(dim) + " of " + to_string(sizes_));
  }
  Shape sizes = sizes_;
  sizes[index(dim)] = length;
  return as_strided(std::move(sizes), strides_, start * stride(dim));
}

Tensor Tensor::select(std::int64_t dim, std::int64_t i) const {
  if (i < 0 || i >= size(dim)) misuse("no element " + std::to_string(i) + " in " + to_string(sizes_));
  Shape sizes = sizes_;
  Shape strides = strides_;
  const auto at = static_cast<std::ptrdiff_t>(index(dim));
  sizes.erase(sizes.begin() + at);
  strides.erase(strides.begin() + at);
  return as_strided(std::move(sizes), std::move(strides), i * stride(dim));
}

Tensor Tensor::permute(const Shape& order) const {
  Shape sizes;
  Shape strides;
  std::vector<bool> used(sizes_.size(), false);
  for (const std::int64_t from : order) {
    sizes.push_back(size(from));
    strides.push_back(stride(from));
    used[index(from)] = true;
  }
  if (order.size() != sizes_.size() || std::find(used.begin(), used.end(), false) != used.end())
    misuse("no order of the dimensions of " + to_string(sizes_) + ": " + to_string(order));
  return as_strided(std::move(sizes), std::move(strides), 0);
}

Tensor Tensor::t() const {
  return permute(Shape{1, 0});
}

Tensor Tensor::reshape(Shape shape) const {
  const auto open = std::find(shape.begin(), shape.end(), -1);
  if (open != shape.end()) {
    *open = 1;
    *open = numel() / std::max<std::int64_t>(count_elements(shape), 1);
  }
  if (count_elements(shape) != numel())
    misuse("cannot reshape " + to_string(sizes_) + " to " + to_string(shape));
  std::optional<Shape> strides = strides_for(*this, shape);
  if (!strides) return contiguous().reshape(std::move(shape));
  return as_strided(std::move(shape), std::move(*strides), 0);
}

Tensor Tensor::flatten(std::int64_t first, std::int64_t last) const {
  const auto begin = sizes_.begin() + static_cast<std::ptrdiff_t>(index(first));
  const auto end = sizes_.begin() + static_cast<std::ptrdiff_t>(index(last)) + 1;
  if (begin >= end)
    misuse("dimensions " + std::to_string(first) + " to " + std::to_string(last) + " of " +
           to_string(sizes_));
  Shape shape(sizes_.begin(), begin);
  shape.push_back(count_elements({begin, end}));
  shape.insert(shape.end(), end, sizes_.end());
  return reshape(std::move(shape));
}

Tensor Tensor::expand(Shape shape) const {
  const auto refuse = [&] { misuse("cannot expand " + to_string(sizes_) + " to " + to_string(shape)); };
  if (shape.size() < sizes_.size()) refuse();
  const std::size_t added = shape.size() - sizes_.size();
  Shape strides(shape.size(), 0);
  for (std::size_t i = added; i < shape.size(); ++i) {
    const std::int64_t own = sizes_[i - added];
    if (own != 1 && own != shape[i]) refuse();
    strides[i] = own == 1 ? 0 : strides_[i - added];
  }
  return as_strided(std::move(shape), std::move(strides), 0);
}

Tensor Tensor::contiguous() const {
  if (is_contiguous()) return *this;
  Tensor copy;
  copy.data_ = allocate_memory(static_cast<std::size_t>(numel()) * item_size(type_));
  copy.type_ = type_;
  copy.sizes_ = sizes_;
  copy.strides_ = contiguous_strides(sizes_);
  copy_in_order(*this, 0, data_.get(), copy.data_.get());
  return copy;
}

Tensor Tensor::to_fp32() const {
  const Tensor from = contiguous();
  if (type_ == DType::fp32) return from;
  Tensor result = empty(sizes_);
  widen(from.bytes(), type_, from.numel(), result.mutable_data());
  return result;
}

Tensor concatenate(std::span<const Tensor> parts, std::int64_t dim) {
  if (parts.empty() || dim < 0 || dim >= parts.front().dim())
    misuse("nothing to concatenate along dimension " + std::to_string(dim));
  const auto at = static_cast<std::size_t>(dim);
  const auto beside = [&](const Tensor& part) {  // the shape but for that dimension
    Shape sizes = part.sizes();
    if (at < sizes.size()) sizes[at] = 0;
    return sizes;
  };
  Shape shape = beside(parts.front());
  for (const Tensor& part : parts) {
    if (beside(part) != beside(parts.front()))
      misuse("cannot concatenate " + to_string(parts.front().sizes()) + " and " + to_string(part.sizes()));
    shape[at] += part.size(dim);
  }
  Tensor result = Tensor::empty(shape);
  std::int64_t outer = 1;
  for (std::size_t i = 0; i < at; ++i) outer *= shape[i];
  const std::int64_t row = result.numel() / std::max<std::int64_t>(outer, 1);  // of the result
  float* to = result.mutable_data();
  for (const Tensor& part : parts) {
    const Tensor from = part.contiguous();
    const std::int64_t width = from.numel() / std::max<std::int64_t>(outer, 1);
    for (std::int64_t i = 0; i < outer; ++i) std::copy_n(from.data() + i * width, width, to + i * row);
    to += width;
  }
  return result;
}

bool equal_values(const Tensor& a, const Tensor& b) {
  if (a.sizes() != b.sizes()) return false;
  const Tensor x = a.to_fp32();
  const Tensor y = b.to_fp32();
  return std::equal(x.data(), x.data() + x.numel(), y.data());
}

void release_pages(const Tensor& tensor) {
  if (tensor.file() == nullptr || tensor.numel() == 0) return;
  std::int64_t last = 0;
  for (std::int64_t i = 0; i < tensor.dim(); ++i) last += (tensor.size(i) - 1) * tensor.stride(i);
  const std::size_t bytes = static_cast<std::size_t>(last + 1) * item_size(tensor.dtype());
  tensor.file()->release_pages(std::span(tensor.bytes(), bytes));
}

}  // namespace caption
