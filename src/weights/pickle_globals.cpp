#include "weights/pickle_globals.h"

#include <algorithm>
#include <array>

namespace caption {
namespace {

constexpr std::string_view kTorchScriptClass = "__torch__.";

/// What a pickle may name besides TorchScript's own classes. The calls stay symbols that the reader of
/// tensors interprets.
constexpr std::array<std::string_view, 7> kCalls = {
    "collections OrderedDict",
    "torch Size",
    "torch device",
    "torch._utils _rebuild_tensor",
    "torch._utils _rebuild_tensor_v2",
    "torch._utils _rebuild_parameter",
    "torch._utils _rebuild_parameter_with_state",
};
/// Marks of the element type around a list or dict of TorchScript; the first argument is the container
/// itself.
constexpr std::array<std::string_view, 5> kTypedContainers = {
    "torch.jit._pickle build_intlist",    "torch.jit._pickle build_doublelist",
    "torch.jit._pickle build_boollist",   "torch.jit._pickle build_tensorlist",
    "torch.jit._pickle restore_type_tag",
};
/// Types of storages; those that weights do not have are refused by name later. The dtypes occur beside a
/// state dict.
constexpr std::array<std::string_view, 17> kNames = {"torch DoubleStorage",
                                                     "torch FloatStorage",
                                                     "torch HalfStorage",
                                                     "torch BFloat16Storage",
                                                     "torch LongStorage",
                                                     "torch IntStorage",
                                                     "torch ShortStorage",
                                                     "torch CharStorage",
                                                     "torch ByteStorage",
                                                     "torch BoolStorage",
                                                     "torch ComplexFloatStorage",
                                                     "torch ComplexDoubleStorage",
                                                     "torch QInt8Storage",
                                                     "torch QUInt8Storage",
                                                     "torch float32",
                                                     "torch float16",
                                                     "torch bfloat16"};

template <std::size_t N>
bool holds(const std::array<std::string_view, N>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

}  // namespace

bool is_torchscript_class(std::string_view name) {
  return name.starts_with(kTorchScriptClass) || name.starts_with("__torch__ ");
}

bool is_known_call(std::string_view name) {
  return holds(kCalls, name);
}

bool is_known_global(std::string_view name) {
  return is_known_call(name) || holds(kTypedContainers, name) || holds(kNames, name) ||
         is_torchscript_class(name);
}

}  // namespace caption
