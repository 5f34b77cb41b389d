#pragma once

#include <functional>
#include <string>
#include <vector>

#include "layers/layers.h"
#include "gpt2/gpt2.h"

namespace caption {

/// One pre-norm block.
struct Gpt2Block {
  Gpt2Block(Tensors& tensors, const std::string& name, std::int64_t width, const Compute& compute);

  LayerNorm ln_1;
  Linear c_attn;       // [E] -> [3E]: queries, keys, values
  Linear attn_c_proj;  // [E] -> [E]
  LayerNorm ln_2;
  Linear c_fc;        // [E] -> [F]
  Linear mlp_c_proj;  // [F] -> [E]
};

/// The weights, and the way through them.
struct Gpt2::Model {
  /// Attention of one block: (layer, qkv [..., 3E]) -> [..., E]
  using Attend = std::function<at::Tensor(std::int64_t layer, const at::Tensor& qkv)>;

  Model(Tensors tensors, const Compute& compute);

  std::int64_t width() const { return wte.size(1); }
  std::int64_t heads() const;

  /// tokens [R] at positions [R], int64 on the device -> [R, E] fp32
  at::Tensor embed(const at::Tensor& tokens, const at::Tensor& positions) const;
  /// prefixes [B, P, E] from position 0 on -> [B * P, E] fp32
  at::Tensor embed_prefixes(const at::Tensor& prefixes) const;
  /// Takes x [..., E] through all blocks, in place.
  void run_blocks(at::Tensor& x, const Attend& attend) const;
  /// x [R, E] -> logits [R, V] fp32
  at::Tensor logits(const at::Tensor& x) const;

  at::Device device;
  at::ScalarType activations;  // what the linear layers give
  at::Tensor wte;              // [V, E]: on the CPU as in the file, elsewhere in the weights' type
  at::Tensor wpe;              // [context, E] fp32
  std::vector<Gpt2Block> blocks;
  LayerNorm ln_f;
  Linear lm_head;  // [E] -> [V], tied to wte
};

}  // namespace caption
