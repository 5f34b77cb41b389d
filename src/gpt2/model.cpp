#include "gpt2/model.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace caption {
namespace {

constexpr std::int64_t kHead = 64;

/// GPT-2's "Conv1D" is a linear layer whose weight is stored transposed, [in, out].
Linear take_conv1d(Tensors& tensors, const std::string& name, std::int64_t in, std::int64_t out,
                   const Compute& compute) {
  const at::Tensor weight = tensors.take(name + ".weight", {in, out});
  return Linear(weight.t(), tensors.take(name + ".bias", {out}), compute);
}

/// Checkpoints may repeat the token embedding as the output layer. A different one would be another
/// architecture.
void check_tied(Tensors& tensors, const at::Tensor& wte) {
  const std::string name = "lm_head.weight";
  if (!tensors.contains(name)) return;
  const at::Tensor head = tensors.take(name, wte.sizes().vec());
  const bool same_memory = head.const_data_ptr() == wte.const_data_ptr() && head.strides() == wte.strides() &&
                           head.scalar_type() == wte.scalar_type();
  if (same_memory || at::equal(head.to(wte.scalar_type()), wte)) return;
  tensors.fail(
      name,
      "differs from wte.weight; only models whose output layer is tied to the token embedding are known");
}

at::Tensor take_token_embedding(Tensors& tensors, const Compute& compute) {
  const Shape shape = tensors.shape("wte.weight", 2);
  if (shape[0] == 0 || shape[1] == 0 || shape[1] % kHead != 0) {
    tensors.fail("wte.weight",
                 "expected shape [vocabulary, width] with a width that is a multiple of 64 (one attention "
                 "head), found " +
                     to_string(shape));
  }
  const at::Tensor wte = tensors.take("wte.weight", shape);
  check_tied(tensors, wte);
  return compute.device.is_cpu() ? wte : wte.to(compute.device, compute.weights).contiguous();
}

at::Tensor take_positions(Tensors& tensors, std::int64_t width, const Compute& compute) {
  return take_parameter(tensors, "wpe.weight", {tensors.shape("wpe.weight", 2)[0], width}, compute);
}

std::vector<Gpt2Block> take_blocks(Tensors& tensors, std::int64_t width, const Compute& compute) {
  std::vector<Gpt2Block> blocks;
  const std::int64_t count = tensors.count_blocks("h.");
  if (count == 0) tensors.fail("h.0.ln_1.weight", "missing");
  Compute fast = compute;
  fast.activations = Activations::bits8;
  for (std::int64_t layer = 0; layer < count; ++layer) {
    blocks.emplace_back(tensors, "h." + std::to_string(layer), width, fast);
  }
  return blocks;
}

}  // namespace

Gpt2Block::Gpt2Block(Tensors& tensors, const std::string& name, std::int64_t width, const Compute& compute)
    : ln_1(take_layer_norm(tensors, name + ".ln_1", width, compute)),
      c_attn(take_conv1d(tensors, name + ".attn.c_attn", width, 3 * width, compute)),
      attn_c_proj(take_conv1d(tensors, name + ".attn.c_proj", width, width, compute)),
      ln_2(take_layer_norm(tensors, name + ".ln_2", width, compute)),
      c_fc(take_conv1d(tensors, name + ".mlp.c_fc", width, tensors.shape(name + ".mlp.c_fc.weight", 2)[1],
                       compute)),
      mlp_c_proj(take_conv1d(tensors, name + ".mlp.c_proj", c_fc.out(), width, compute)) {}

Gpt2::Model::Model(Tensors tensors, const Compute& compute)
    : device(compute.device),
      activations(compute.device.is_cpu() ? at::kFloat : compute.weights),
      wte(take_token_embedding(tensors, compute)),
      wpe(take_positions(tensors, wte.size(1), compute)),
      blocks(take_blocks(tensors, wte.size(1), compute)),
      ln_f(take_layer_norm(tensors, "ln_f", wte.size(1), compute)),
      lm_head(wte, {}, compute) {
  tensors.require_all_taken();
}

std::int64_t Gpt2::Model::heads() const {
  return width() / kHead;
}

at::Tensor Gpt2::Model::embed(const at::Tensor& tokens, const at::Tensor& positions) const {
  return wte.index_select(0, tokens).to(at::kFloat).add_(wpe.index_select(0, positions));
}

at::Tensor Gpt2::Model::embed_prefixes(const at::Tensor& prefixes) const {
  return (prefixes + wpe.slice(0, 0, prefixes.size(1))).view({-1, width()});  // [B, P, E] -> [B * P, E]
}

void Gpt2::Model::run_blocks(at::Tensor& x, const Attend& attend) const {
  for (std::size_t layer = 0; layer < blocks.size(); ++layer) {
    const Gpt2Block& block = blocks[layer];
    const at::Tensor qkv = block.c_attn(block.ln_1(x));  // [..., 3E]
    block.attn_c_proj.add_to(x, attend(static_cast<std::int64_t>(layer), qkv));
    const at::Tensor hidden = block.c_fc(block.ln_2(x), Activation::gelu_tanh);  // [..., F]
    block.mlp_c_proj.add_to(x, hidden);
  }
}

at::Tensor Gpt2::Model::logits(const at::Tensor& x) const {
  return lm_head.in_fp32(ln_f(x));
}

}  // namespace caption
