#pragma once

#include <string>
#include <string_view>

#include "kernels/activation.h"

namespace caption {

/// An encoder's activation as model.json has it: "quick_gelu", "gelu", "gelu_tanh", of an EfficientNet
/// "relu6".
inline std::string activation_name(Activation activation) {
  if (activation == Activation::relu6) return "relu6";
  if (activation == Activation::gelu_tanh) return "gelu_tanh";
  return activation == Activation::gelu ? "gelu" : "quick_gelu";
}

/// Of a name of those three that a transformer may have.
inline Activation activation_of(std::string_view name) {
  if (name == "gelu_tanh") return Activation::gelu_tanh;
  return name == "gelu" ? Activation::gelu : Activation::quick_gelu;
}

}  // namespace caption
