#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "caption/error.h"
#include "gpt2/cache.h"
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

/// The table of the tokens' embeddings [V, E] as it is in the file, and that of the output layer, which is
/// undefined where it is the same: most models tie them.
struct Gpt2Tables {
  Tensor embedding;
  Tensor output;
};

/// "wte.weight", and "lm_head.weight" if that is there and another. Throws Error(model).
Gpt2Tables take_tables(Tensors& tensors, const Gpt2Sizes& sizes);

/// GPT-2 of any size, read off the shapes as far as they tell: the weights, and the way through them. Where
/// keys and values of earlier positions are is its callers' business (Gpt2Session,
/// libtorch/layers/gpt2_slots.h).
template <typename T>
class Gpt2 {
 public:
  /// Attention of one block: (layer, qkv [N, 3E]) -> [N, E]
  using Attend = std::function<T(std::int64_t layer, const T& qkv)>;

  /// Tensors as in Hugging Face's GPT2Model ("wte.weight", "h.0.ln_1.weight", ..., Conv1D weights [in, out])
  /// and perhaps "lm_head.weight", without which wte is the output layer, too. Throws Error(model).
  Gpt2(Tensors tensors, const Compute<T>& compute, const Gpt2Choices& choices = {})
      : Gpt2(tensors, read_gpt2_sizes(tensors, choices), choices.activation, compute) {}

  const Gpt2Sizes& sizes() const { return sizes_; }
  const Compute<T>& compute() const { return compute_; }
  /// Whether the output layer is the table of the tokens' embeddings.
  bool tied() const { return tied_; }
  const TokenEmbedding<T>& embedding() const { return embedding_; }

  /// Takes x [N, E] through all blocks, in place.
  void run_blocks(T& x, const Attend& attend) const {
    for (std::size_t layer = 0; layer < blocks_.size(); ++layer) {
      const Gpt2Block<T>& block = blocks_[layer];
      const T qkv = block.c_attn(block.ln_1(x));  // [N, 3E]
      block.attn_c_proj.add_to(x, attend(static_cast<std::int64_t>(layer), qkv));
      const T hidden = block.c_fc(block.ln_2(x), activation_);  // [N, F]
      block.mlp_c_proj.add_to(x, hidden);
    }
  }

  /// prefixes [B, P, E] -> [B, P + N, E]: the N tokens of `prompt` behind each
  T with_prompt(const T& prefixes, std::span<const std::int32_t> prompt) const {
    if (prompt.empty()) return prefixes;
    std::vector<std::int32_t> tokens;  // [B * N]
    for (std::int64_t b = 0; b < prefixes.size(0); ++b)
      tokens.insert(tokens.end(), prompt.begin(), prompt.end());
    const auto count = static_cast<std::int64_t>(prompt.size());
    const T parts[] = {Ops<T>::fp32(prefixes),
                       embedding_.of_tokens(tokens).reshape({prefixes.size(0), count, sizes_.width})};
    return Ops<T>::concatenate(parts, 1);
  }

  /// x [N, E] -> logits [N, V] fp32, V being sizes().tokens
  T logits(const T& x) const { return lm_head_.in_fp32(ln_f_(x)); }

 private:
  Gpt2(Tensors& tensors, const Gpt2Sizes& sizes, Activation activation, const Compute<T>& compute)
      : Gpt2(tensors, sizes, activation, compute, take_tables(tensors, sizes)) {}

  Gpt2(Tensors& tensors, const Gpt2Sizes& sizes, Activation activation, const Compute<T>& compute,
       const Gpt2Tables& tables)
      : sizes_(sizes),
        activation_(activation),
        tied_(!tables.output.defined()),
        compute_(compute),
        embedding_(tables.embedding, tensors.take("wpe.weight", {sizes.context, sizes.width}), compute),
        blocks_(take_blocks(tensors, sizes, compute)),
        ln_f_(take_layer_norm(tensors, "ln_f", sizes.width, compute)),
        lm_head_(tables.output.defined()
                     ? Linear<T>(tables.output.narrow(0, 0, sizes.tokens), Tensor(), compute)
                     : embedding_.output_layer(sizes.tokens, compute)) {
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
  Activation activation_;
  bool tied_;
  Compute<T> compute_;
  TokenEmbedding<T> embedding_;
  std::vector<Gpt2Block<T>> blocks_;
  LayerNorm<T> ln_f_;
  Linear<T> lm_head_;  // [E] -> [V]
};

/// Many sequences decoded together over one cache; they join with their prefixes and leave at any time. On
/// the CPU a row's logits are the same, bit for bit, whatever other rows and threads there are. Misuse is an
/// Error(internal).
template <typename T>
class Gpt2Session {
 public:
  /// Without sequences; refers to the model.
  explicit Gpt2Session(const Gpt2<T>& gpt2)
      : gpt2_(gpt2),
        cache_(make_cache<T>({gpt2.sizes().layers, gpt2.sizes().heads, gpt2.sizes().head_width()},
                             gpt2.compute())) {}

  /// One pass over the weights. Row r < R is row parents[r] of the pass before with tokens[r] appended: rows
  /// may be dropped (by being nobody's parent), kept or multiplied. Behind them come B new rows, one for each
  /// of `prefixes` [B, P, E] fp32, or none if that is undefined. R + B >= 1. -> logits [R + B, V] fp32 of the
  /// position after each row
  T step(std::span<const std::int32_t> tokens, std::span<const std::int32_t> parents,
         const T& prefixes = {}) {
    check(tokens, parents);
    const Joining joining = check(prefixes);
    require(tokens.size() + static_cast<std::size_t>(joining.prefixes) > 0, "a pass without rows");

    std::vector<std::int64_t> positions;  // of the tokens
    for (const std::int32_t parent : parents) positions.push_back(lengths_[static_cast<std::size_t>(parent)]);
    cache_->begin_pass(parents, joining);
    T x = embed(tokens, positions, prefixes);  // [R + B * P, E]
    gpt2_.run_blocks(x, [&](std::int64_t layer, const T& qkv) { return cache_->attend(layer, qkv); });
    for (std::int64_t& length : positions) ++length;
    positions.insert(positions.end(), static_cast<std::size_t>(joining.prefixes), joining.positions);
    lengths_ = std::move(positions);
    return gpt2_.logits(last_positions(x, static_cast<std::int64_t>(tokens.size()), joining));  // [R + B, V]
  }

 private:
  static void require(bool condition, const std::string& message) {
    if (!condition) throw Error(ErrorKind::internal, "GPT-2: " + message);
  }

  void check(std::span<const std::int32_t> tokens, std::span<const std::int32_t> parents) const {
    const Gpt2Sizes& sizes = gpt2_.sizes();
    require(tokens.size() == parents.size(),
            std::to_string(tokens.size()) + " tokens for " + std::to_string(parents.size()) + " parents");
    for (std::size_t r = 0; r < tokens.size(); ++r) {
      require(tokens[r] >= 0 && tokens[r] < sizes.tokens, "unknown token " + std::to_string(tokens[r]));
      require(
          parents[r] >= 0 && static_cast<std::size_t>(parents[r]) < lengths_.size(),
          "row " + std::to_string(parents[r]) + " of " + std::to_string(lengths_.size()) + " as a parent");
      require(lengths_[static_cast<std::size_t>(parents[r])] < sizes.context,
              "more than the " + std::to_string(sizes.context) + " positions of the model");
    }
  }

  Joining check(const T& prefixes) const {
    if (!prefixes.defined()) return {};
    const Gpt2Sizes& sizes = gpt2_.sizes();
    require(prefixes.dim() == 3 && prefixes.size(0) > 0 && prefixes.size(1) > 0 &&
                prefixes.size(2) == sizes.width,
            "expected prefixes of shape [images, positions, " + std::to_string(sizes.width) + "]");
    require(prefixes.size(1) <= sizes.context, std::to_string(prefixes.size(1)) +
                                                   " prefix positions do not fit into the " +
                                                   std::to_string(sizes.context) + " positions of the model");
    return {prefixes.size(0), prefixes.size(1)};
  }

  /// tokens [R] at positions [R], and prefixes [B, P, E] or undefined -> [R + B * P, E]
  T embed(std::span<const std::int32_t> tokens, std::span<const std::int64_t> positions,
          const T& prefixes) const {
    std::vector<T> parts;
    if (!tokens.empty()) parts.push_back(gpt2_.embedding()(tokens, positions));
    if (prefixes.defined()) parts.push_back(gpt2_.embedding().of_prefixes(prefixes));
    return parts.size() == 1 ? parts[0] : Ops<T>::concatenate(parts, 0);
  }

  /// x [R + B * P, E] -> [R + B, E]: of each prefix only its last position
  static T last_positions(const T& x, std::int64_t rows, const Joining& joining) {
    if (joining.prefixes == 0) return x;
    const T ends = x.narrow(0, rows, joining.prefixes * joining.positions)
                       .reshape({joining.prefixes, joining.positions, x.size(1)})
                       .select(1, joining.positions - 1);  // [B, E]
    return rows == 0 ? ends : Ops<T>::concatenate(std::vector<T>{x.narrow(0, 0, rows), ends}, 0);
  }

  const Gpt2<T>& gpt2_;
  std::unique_ptr<Cache<T>> cache_;
  std::vector<std::int64_t> lengths_;  // positions of each row of the pass before
};

}  // namespace caption
