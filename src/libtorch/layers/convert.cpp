#include "libtorch/layers/convert.h"

#include <cstddef>
#include <string>

#include "caption/error.h"

namespace caption {

at::ScalarType scalar_type(DType type) {
  switch (type) {
    case DType::fp64:
      return at::kDouble;
    case DType::fp32:
      return at::kFloat;
    case DType::fp16:
      return at::kHalf;
    case DType::bf16:
      return at::kBFloat16;
    case DType::int64:
      return at::kLong;
    case DType::int32:
      return at::kInt;
    case DType::int16:
      return at::kShort;
    case DType::int8:
      return at::kChar;
    case DType::uint8:
      return at::kByte;
    case DType::boolean:
      return at::kBool;
  }
  throw Error(ErrorKind::internal, "unknown type of elements");
}

at::Tensor view_of(const Tensor& tensor) {
  if (!tensor.defined()) return {};
  // LibTorch knows no memory that is only read.
  auto* const data = const_cast<std::byte*>(tensor.bytes());
  return at::from_blob(
      data, tensor.sizes(), tensor.strides(), [kept = tensor](void* /*data*/) {},
      scalar_type(tensor.dtype()));
}

at::Tensor upload(const Tensor& tensor, at::Device device, DType type) {
  if (!tensor.defined()) return {};
  // A transposed view is put in order there, where it is quicker.
  return view_of(tensor).to(device, scalar_type(type)).contiguous();
}

Tensor fetch(const at::Tensor& tensor) {
  if (tensor.scalar_type() != at::kFloat)
    throw Error(ErrorKind::internal,
                std::string("fetched a tensor of type ") + c10::toString(tensor.scalar_type()));
  Tensor values = Tensor::empty(tensor.sizes().vec());
  at::from_blob(values.mutable_data(), tensor.sizes()).copy_(tensor);
  return values;
}

}  // namespace caption
