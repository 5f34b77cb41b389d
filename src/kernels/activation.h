#pragma once

namespace caption {

/// What follows a linear layer. `quick_gelu` is OpenAI CLIP's x * sigmoid(1.702 x), `gelu` the exact (erf)
/// form, `gelu_tanh` GPT-2's approximation ("gelu_new").
enum class Activation { none, relu, tanh, gelu, gelu_tanh, quick_gelu };

}  // namespace caption
