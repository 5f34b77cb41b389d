#pragma once

namespace caption {

/// What follows a linear layer. `quick_gelu` is OpenAI CLIP's x * sigmoid(1.702 x), `gelu` the exact (erf)
/// form, `gelu_tanh` GPT-2's approximation ("gelu_new"); `relu6` is min(max(x, 0), 6).
enum class Activation { none, relu, relu6, tanh, gelu, gelu_tanh, quick_gelu };
inline constexpr int kActivationCount = 7;

/// How finely activations are rounded for a product with int8 weights: to one of 255 levels between
/// a row's lowest and highest value, or of 65535. 16 bits cost twice the multiplications of 8, which shows
/// wherever reading the weights does not take the time.
enum class Activations { bits8, bits16 };

}  // namespace caption
