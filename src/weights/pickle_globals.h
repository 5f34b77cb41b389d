#pragma once

#include <string_view>

/// The names ("module member") that a pickle of weights may mention. Everything else is refused.
namespace caption {

/// Functions and types whose calls the reader of tensors interprets; they are never called.
bool is_known_call(std::string_view name);
/// A class of a TorchScript archive, whose objects are taken as bags of attributes.
bool is_torchscript_class(std::string_view name);
/// A function or type of values that training programs keep beside weights, as NumPy's scalars, paths and
/// settings: what a pickle makes of it is skipped.
bool is_kept_beside_weights(std::string_view name);
/// Any of the above, a storage type, or a mark of an element type around a container.
bool is_known_global(std::string_view name);

}  // namespace caption
