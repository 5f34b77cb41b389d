#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "caption/error.h"
#include "gpt2/cache.h"
#include "gpt2/gpt2.h"

namespace caption {

/// Many sequences decoded together over one cache; they join with their prefixes and leave at any time. On
/// the CPU a row's logits are the same, bit for bit, whatever other rows and threads there are. Misuse is an
/// Error(internal).
template <typename T>
class Gpt2Session {
 public:
  /// Without sequences; refers to the model.
  explicit Gpt2Session(const Gpt2<T>& gpt2)
      : gpt2_(gpt2),
        cache_(make_cache<T>({gpt2.sizes().layers, gpt2.sizes().heads()}, gpt2.compute())) {}

  /// One pass over the weights. Row r < R is row parents[r] of the pass before with tokens[r] appended: rows
  /// may be dropped (by being nobody's parent), kept or multiplied. Behind them come B new rows, one for each
  /// of `prefixes` [B, P, E] fp32, or none if that is undefined. R + B >= 1. -> logits [R + B, V] fp32 of the
  /// position after each row
  T step(std::span<const std::int32_t> tokens, std::span<const std::int32_t> parents, const T& prefixes = {}) {
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
      require(tokens[r] >= 0 && tokens[r] < sizes.vocabulary, "unknown token " + std::to_string(tokens[r]));
      require(parents[r] >= 0 && static_cast<std::size_t>(parents[r]) < lengths_.size(),
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
    require(prefixes.size(1) <= sizes.context,
            std::to_string(prefixes.size(1)) + " prefix positions do not fit into the " +
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
