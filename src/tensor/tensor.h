#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "files/mapped_file.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace caption {

/// An array in the CPU's memory: a shape, strides and a share in the memory. Copies and views share the
/// elements. Its members have the names and meanings of LibTorch's, so that a model is written once for both
/// (see layers/layers.h). Only what the models need: whatever calculates is a function of its own.
///
/// Misuse is an Error(internal). Reading from several threads is safe.
class Tensor {
 public:
  /// Undefined: stands for "none".
  Tensor() = default;
  /// fp32, contiguous, uninitialised, aligned to 64 bytes.
  static Tensor empty(Shape shape);
  /// fp32 with these values, as many as the shape has.
  static Tensor of(Shape shape, std::span<const float> values);
  /// One dimension over a part of a mapped file, which it keeps mapped. `bytes` are aligned for the type and
  /// a multiple of its size. Nothing may write into it: the system would end the program.
  static Tensor of_file(std::shared_ptr<const MappedFile> file, std::span<const std::byte> bytes, DType type);
  /// One dimension with a copy of such bytes.
  static Tensor copy_of(std::span<const std::byte> bytes, DType type);

  bool defined() const { return data_ != nullptr; }
  DType dtype() const { return type_; }
  const Shape& sizes() const { return sizes_; }
  const Shape& strides() const { return strides_; }
  std::int64_t dim() const { return static_cast<std::int64_t>(sizes_.size()); }
  /// Of dimension i, counted from the end if negative.
  std::int64_t size(std::int64_t i) const { return sizes_[index(i)]; }
  std::int64_t stride(std::int64_t i) const { return strides_[index(i)]; }
  std::int64_t numel() const;
  bool is_contiguous() const;

  /// The first element. Typed access demands that type.
  const std::byte* bytes() const { return data_.get(); }
  const float* data() const;
  float* mutable_data();
  /// The elements of fp16 or bf16.
  const std::uint16_t* half_bits() const;

  /// The one element of a tensor of integers. Not for others.
  std::int64_t integer() const;

  /// The file that it lies in; null if in memory of its own.
  const MappedFile* file() const { return file_; }

  // Views of the same elements.

  /// Any view inside of the elements. The caller has checked that.
  Tensor as_strided(Shape sizes, Shape strides, std::int64_t offset) const;
  /// [..., size, ...] -> [..., length, ...] from `start` on
  Tensor narrow(std::int64_t dim, std::int64_t start, std::int64_t length) const;
  /// [..., size, ...] -> [..., ...] at `i`
  Tensor select(std::int64_t dim, std::int64_t i) const;
  /// Dimension i of the result is dimension order[i] of this.
  Tensor permute(const Shape& order) const;
  /// [m, n] -> [n, m]
  Tensor t() const;
  /// The same elements in the same order; one size may be -1. Copies if it cannot be a view.
  Tensor reshape(Shape shape) const;
  /// Dimensions `first` to `last`, both included, become one.
  Tensor flatten(std::int64_t first, std::int64_t last) const;
  /// Sizes of 1 are repeated.
  Tensor expand(Shape shape) const;

  /// Itself if the elements lie in order without gaps, else a copy.
  Tensor contiguous() const;
  /// A contiguous fp32 tensor with the same values: itself, or a copy from fp16, bf16 or fp64.
  Tensor to_fp32() const;

 private:
  std::size_t index(std::int64_t i) const {
    const std::int64_t from_start = i < 0 ? i + dim() : i;
    if (from_start < 0 || from_start >= dim()) refuse_dimension(i);
    return static_cast<std::size_t>(from_start);
  }
  [[noreturn]] void refuse_dimension(std::int64_t i) const;
  void require_type(DType type) const;

  std::shared_ptr<std::byte> data_;  // the first element, as a share in all of the memory
  const MappedFile* file_ = nullptr;
  DType type_ = DType::fp32;
  Shape sizes_;
  Shape strides_;
};

/// Number of elements of a shape. Error(internal) if it is negative or too many for 64 bits.
std::int64_t count_elements(std::span<const std::int64_t> shape);

/// Strides of a contiguous tensor.
Shape contiguous_strides(std::span<const std::int64_t> shape);

/// The parts behind one another along dimension `dim`; fp32, of one shape otherwise.
Tensor concatenate(std::span<const Tensor> parts, std::int64_t dim);

/// Whether two tensors have the same shape and values; types may differ.
bool equal_values(const Tensor& a, const Tensor& b);

/// Takes the pages of `tensor` out of this process if it lies in a mapped file (see MappedFile::release): so
/// what has been read once, to be kept in another form, does not count twice.
void release_pages(const Tensor& tensor);

}  // namespace caption
