#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "gpt2/sizes.h"
#include "layers/layers.h"

namespace caption {

/// Sizes of the keys and values of one position.
struct CacheShape {
  std::int64_t layers;  ///< L
  std::int64_t heads;   ///< width = heads * head_width
  std::int64_t head_width = kGpt2HeadWidth;
};

/// Prefixes that join the sequences in flight.
struct Joining {
  std::int64_t prefixes = 0;   ///< B
  std::int64_t positions = 0;  ///< P, of each
};

/// Keys and values of all sequences in flight, in the type that they come in. In each pass every sequence
/// gets one position more, or joins with those of its prefix.
template <typename T>
class Cache {
 public:
  virtual ~Cache() = default;
  /// Begins a pass: row r of its R = parents.size() first rows goes on from row parents[r] of the pass
  /// before; behind them, B prefixes become rows. The parents are valid. A row that is nobody's parent is
  /// forgotten.
  virtual void begin_pass(std::span<const std::int32_t> parents, const Joining& joining) = 0;
  /// Keeps the new positions' keys and values and lets each position attend to those of its row up to itself.
  /// qkv [R + B * P, 3 width] (queries, keys, values), contiguous -> [R + B * P, width]
  virtual T attend(std::int64_t layer, const T& qkv) = 0;
};

/// An empty cache. On the CPU no key or value is ever copied from row to row; each row has a table of where
/// those of its positions lie, which rows of one ancestor share. Memory: L * 2 width floats for each position
/// that a row in flight still looks at, at the fullest moment so far. On other devices the rows' keys and
/// values are gathered anew in each pass.
template <typename T>
std::unique_ptr<Cache<T>> make_cache(const CacheShape& shape, const Compute<T>& compute);
template <>
std::unique_ptr<Cache<Tensor>> make_cache(const CacheShape& shape, const Compute<Tensor>& compute);

}  // namespace caption
