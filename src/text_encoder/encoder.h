#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "caption/error.h"
#include "layers/clip_block.h"
#include "layers/layers.h"
#include "text_encoder/sizes.h"

namespace caption {

/// CLIP's text encoder.
template <typename T>
class TextEncoder {
 public:
  /// Names as OpenAI's, without what stands before all of them. Throws Error(model).
  TextEncoder(Tensors tensors, Activation activation, Compute<T> compute)
      : TextEncoder(tensors, read_text_sizes(tensors), activation, by_8_bits(compute)) {}

  const TextSizes& sizes() const { return sizes_; }

  /// The token ids of B texts, at least one, each with 1 to `context` ids of the vocabulary -> embedding
  /// [B, D] fp32, not normalised: what stands at the first `end` of each, or at its last id if there is none.
  T encode(std::span<const std::vector<std::int32_t>> texts, std::int32_t end) const {
    const Rows rows = rows_of(texts, end);
    const auto count = static_cast<std::int64_t>(texts.size());
    T x = embedding_(rows.tokens, rows.positions).reshape({count, rows.length, sizes_.width});  // [B, N, W]
    for (const ClipBlock<T>& block : blocks_) block(x, activation_);                            // [B, N, W]
    std::vector<T> ends;
    for (std::int64_t b = 0; b < count; ++b)
      ends.push_back(x.narrow(0, b, 1).select(1, rows.ends[static_cast<std::size_t>(b)]));  // [1, W]
    return Ops<T>::fp32(proj_(ln_final_(Ops<T>::concatenate(ends, 0))));                    // [B, D]
  }

 private:
  /// B texts as rows of N tokens: what stands behind a text's end has no influence on what is before.
  struct Rows {
    std::int64_t length = 0;              ///< N
    std::vector<std::int32_t> tokens;     ///< [B * N]
    std::vector<std::int64_t> positions;  ///< [B * N]
    std::vector<std::int64_t> ends;       ///< [B]
  };

  TextEncoder(Tensors& tensors, const TextSizes& sizes, Activation activation, const Compute<T>& compute)
      : sizes_(sizes),
        activation_(activation),
        embedding_(tensors.take("token_embedding.weight", {sizes.vocabulary, sizes.width}),
                   tensors.take("positional_embedding", {sizes.context, sizes.width}), compute),
        ln_final_(take_layer_norm(tensors, "ln_final", sizes.width, compute)),
        proj_(tensors.take("text_projection", {sizes.width, sizes.embedding}).t(), {}, compute) {
    for (std::int64_t i = 0; i < sizes.layers; ++i)
      blocks_.emplace_back(tensors, "transformer.resblocks." + std::to_string(i) + ".",
                           ClipBlockSizes{.width = sizes.width, .heads = sizes.heads(), .causal = true},
                           compute);
    tensors.require_all_taken();
  }

  /// All of the texts' tokens are rows at once, as in the image encoder.
  static Compute<T> by_8_bits(Compute<T> compute) {
    compute.activations = Activations::bits8;
    return compute;
  }

  Rows rows_of(std::span<const std::vector<std::int32_t>> texts, std::int32_t end) const {
    Rows rows;
    for (const std::vector<std::int32_t>& ids : texts) {
      check(ids);
      const auto found = std::find(ids.begin(), ids.end(), end);
      rows.ends.push_back(std::min<std::int64_t>(found - ids.begin(), std::ssize(ids) - 1));
      rows.length = std::max(rows.length, rows.ends.back() + 1);
    }
    for (const std::vector<std::int32_t>& ids : texts) {
      for (std::int64_t i = 0; i < rows.length; ++i) {
        rows.tokens.push_back(i < std::ssize(ids) ? ids[static_cast<std::size_t>(i)] : end);
        rows.positions.push_back(i);
      }
    }
    return rows;
  }

  void check(const std::vector<std::int32_t>& ids) const {
    const auto known = [&](std::int32_t id) { return id >= 0 && id < sizes_.vocabulary; };
    if (!ids.empty() && std::ssize(ids) <= sizes_.context && std::all_of(ids.begin(), ids.end(), known))
      return;
    throw Error(ErrorKind::internal, "text encoder: expected 1 to " + std::to_string(sizes_.context) +
                                         " ids below " + std::to_string(sizes_.vocabulary) + ", found " +
                                         std::to_string(ids.size()));
  }

  TextSizes sizes_;
  Activation activation_;
  TokenEmbedding<T> embedding_;
  std::vector<ClipBlock<T>> blocks_;
  LayerNorm<T> ln_final_;
  Linear<T> proj_;
};

}  // namespace caption
