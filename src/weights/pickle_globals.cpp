#include "weights/pickle_globals.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <span>
#include <string>

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

/// Tensors of kinds that weights do not have, as sparse and quantised ones, which may lie beside them.
constexpr std::string_view kRebuild = "torch._utils _rebuild_";

/// What training programs keep beside weights: values of these modules and packages, whose calls and objects
/// are symbols that nobody interprets.
constexpr std::string_view kBesideModules[] = {"numpy",
                                               "argparse",
                                               "array",
                                               "pathlib",
                                               "datetime",
                                               "time",
                                               "zoneinfo",
                                               "collections",
                                               "decimal",
                                               "fractions",
                                               "math",
                                               "random",
                                               "uuid",
                                               "ipaddress",
                                               "enum",
                                               "re",
                                               "typing",
                                               "dataclasses",
                                               "exceptions",
                                               "_codecs",
                                               "pytorch_lightning",
                                               "lightning",
                                               "lightning_fabric",
                                               "omegaconf",
                                               "easydict",
                                               "yacs",
                                               "transformers",
                                               "clipcap",
                                               "__main__",
                                               "torch.nn",
                                               "torch.optim",
                                               "torch.storage",
                                               "torch.torch_version",
                                               "torch.serialization"};
/// Others of them, from modules that have more than values.
constexpr std::string_view kBesideNames[] = {
    "builtins set",
    "builtins frozenset",
    "builtins complex",
    "builtins bytearray",
    "builtins range",
    "builtins slice",
    "builtins object",
    "builtins bytes",
    "builtins list",
    "builtins dict",
    "builtins tuple",
    "builtins int",
    "builtins float",
    "builtins str",
    "builtins long",
    "builtins xrange",
    "builtins bool",
    "builtins type",
    "builtins getattr",
    "builtins memoryview",
    "builtins unicode",
    "builtins Ellipsis",
    "builtins NotImplemented",
    "builtins len",
    "builtins abs",
    "builtins min",
    "builtins max",
    "builtins sum",
    "builtins sorted",
    "builtins round",
    "types SimpleNamespace",
    "types GenericAlias",
    "types MappingProxyType",
    "functools partial",
    "copyreg _reconstructor",
    "operator itemgetter",
    "operator attrgetter",
    "torch._C Generator",
    "torch._C _TensorMeta",
    "_operator getitem",
    "_functools reduce",
    "_operator or_",
    "builtins reduce",
    "torch._utils torch.channels_last",
};

bool holds(std::span<const std::string_view> list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

/// Python's own exceptions, as "builtins ValueError".
bool is_exception(std::string_view name) {
  return name.starts_with("builtins ") &&
         (name.ends_with("Error") || name.ends_with("Exception") || name.ends_with("Warning"));
}

}  // namespace

bool is_torchscript_class(std::string_view name) {
  return name.starts_with(kTorchScriptClass) || name.starts_with("__torch__ ");
}

bool is_kept_beside_weights(std::string_view name) {
  if (holds(kCalls, name) || holds(kNames, name)) return false;
  const std::string_view module = name.substr(0, name.find(' '));
  const auto inside = [&](std::string_view known) {
    return module.starts_with(known) && (module.size() == known.size() || module[known.size()] == '.');
  };
  if (std::any_of(std::begin(kBesideModules), std::end(kBesideModules), inside)) return true;
  // Protocol 2 has the names of Python 2.
  std::string modern(name);
  if (modern.starts_with("__builtin__ ")) modern.replace(0, 11, "builtins");
  if (modern.starts_with("copy_reg ")) modern.replace(0, 8, "copyreg");
  // dtypes, layouts and the like: "torch int64"
  const bool of_torch = modern.starts_with("torch ") && modern != "torch load";
  return of_torch || is_exception(modern) || holds(kBesideNames, modern);
}

bool is_known_call(std::string_view name) {
  return holds(kCalls, name) || name.starts_with(kRebuild);
}

bool is_known_global(std::string_view name) {
  return is_known_call(name) || holds(kTypedContainers, name) || holds(kNames, name) ||
         is_torchscript_class(name) || is_kept_beside_weights(name);
}

}  // namespace caption
