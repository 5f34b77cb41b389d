#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "gpt2/sizes.h"
#include "layers/layers.h"

namespace caption {

/// One pre-norm block of GPT-2. Its "Conv1D" is a linear layer whose weight is stored transposed, [in, out].
template <typename T>
struct Gpt2Block {
  Gpt2Block(Tensors& tensors, const std::string& name, std::int64_t width, const Compute<T>& compute)
      : ln_1(take_layer_norm(tensors, name + ".ln_1", width, compute)),
        c_attn(take_conv1d(tensors, name + ".attn.c_attn", width, 3 * width, compute)),
        attn_c_proj(take_conv1d(tensors, name + ".attn.c_proj", width, width, compute)),
        ln_2(take_layer_norm(tensors, name + ".ln_2", width, compute)),
        c_fc(take_conv1d(tensors, name + ".mlp.c_fc", width, tensors.shape(name + ".mlp.c_fc.weight", 2)[1],
                         compute)),
        mlp_c_proj(take_conv1d(tensors, name + ".mlp.c_proj", c_fc.out(), width, compute)) {}

  static Linear<T> take_conv1d(Tensors& tensors, const std::string& name, std::int64_t in, std::int64_t out,
                               const Compute<T>& compute) {
    const Tensor weight = tensors.take(name + ".weight", {in, out});
    return Linear<T>(weight.t(), tensors.take(name + ".bias", {out}), compute);
  }

  LayerNorm<T> ln_1;
  Linear<T> c_attn;       // [E] -> [3E]: queries, keys, values
  Linear<T> attn_c_proj;  // [E] -> [E]
  LayerNorm<T> ln_2;
  Linear<T> c_fc;        // [E] -> [F]
  Linear<T> mlp_c_proj;  // [F] -> [E]
};

/// "wte.weight" as it is in the file. A "lm_head.weight" beside it must be the same. Throws Error(model).
Tensor take_tied_embedding(Tensors& tensors, const Gpt2Sizes& sizes);

/// GPT-2 of any size, read off the shapes: the weights, and the way through them. Where keys and values of
/// earlier positions are is its callers' business (gpt2/session.h, libtorch/layers/gpt2_slots.h).
template <typename T>
class Gpt2 {
 public:
  /// Attention of one block: (layer, qkv [N, 3E]) -> [N, E]
  using Attend = std::function<T(std::int64_t layer, const T& qkv)>;

  /// Tensors as in Hugging Face's GPT2Model ("wte.weight", "h.0.ln_1.weight", ..., Conv1D weights [in, out])
  /// with "lm_head.weight", if it is there, equal to wte. Throws Error(model).
  Gpt2(Tensors tensors, const Compute<T>& compute) : Gpt2(tensors, read_gpt2_sizes(tensors), compute) {}

  const Gpt2Sizes& sizes() const { return sizes_; }
  const Compute<T>& compute() const { return compute_; }
  const TokenEmbedding<T>& embedding() const { return embedding_; }

  /// Takes x [N, E] through all blocks, in place.
  void run_blocks(T& x, const Attend& attend) const {
    for (std::size_t layer = 0; layer < blocks_.size(); ++layer) {
      const Gpt2Block<T>& block = blocks_[layer];
      const T qkv = block.c_attn(block.ln_1(x));  // [N, 3E]
      block.attn_c_proj.add_to(x, attend(static_cast<std::int64_t>(layer), qkv));
      const T hidden = block.c_fc(block.ln_2(x), Activation::gelu_tanh);  // [N, F]
      block.mlp_c_proj.add_to(x, hidden);
    }
  }

  /// x [N, E] -> logits [N, V] fp32
  T logits(const T& x) const { return lm_head_.in_fp32(ln_f_(x)); }

 private:
  Gpt2(Tensors& tensors, const Gpt2Sizes& sizes, const Compute<T>& compute)
      : Gpt2(tensors, sizes, compute, take_tied_embedding(tensors, sizes)) {}

  Gpt2(Tensors& tensors, const Gpt2Sizes& sizes, const Compute<T>& compute, const Tensor& wte)
      : sizes_(sizes),
        compute_(compute),
        embedding_(wte, tensors.take("wpe.weight", {sizes.context, sizes.width}), compute),
        blocks_(take_blocks(tensors, sizes, compute)),
        ln_f_(take_layer_norm(tensors, "ln_f", sizes.width, compute)),
        lm_head_(embedding_.output_layer(compute)) {
    tensors.require_all_taken();
  }

  static std::vector<Gpt2Block<T>> take_blocks(Tensors& tensors, const Gpt2Sizes& sizes, Compute<T> compute) {
    compute.activations = Activations::bits8;
    std::vector<Gpt2Block<T>> blocks;
    for (std::int64_t layer = 0; layer < sizes.layers; ++layer)
      blocks.emplace_back(tensors, "h." + std::to_string(layer), sizes.width, compute);
    return blocks;
  }

  Gpt2Sizes sizes_;
  Compute<T> compute_;
  TokenEmbedding<T> embedding_;
  std::vector<Gpt2Block<T>> blocks_;
  LayerNorm<T> ln_f_;
  Linear<T> lm_head_;  // [E] -> [V], tied to the token embedding
};

}  // namespace caption
