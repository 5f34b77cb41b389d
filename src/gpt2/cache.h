#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <span>

namespace caption {

/// Sizes of a session's keys and values.
struct CacheShape {
  std::int64_t layers;      ///< L
  std::int64_t heads;       ///< width = heads * 64
  std::int64_t max_tokens;  ///< steps that may follow the prefix
};

/// Keys and values of all rows of a session, fp32. Rows descend from the B prefixes.
class Cache {
 public:
  virtual ~Cache() = default;
  /// Keeps what the prefixes' projection [B, P, 3 width] (queries, keys, values) has, for one layer.
  virtual void keep_prefix(std::int64_t layer, const at::Tensor& qkv) = 0;
  /// Begins a step of parents.size() rows; row r descends from row parents[r] of the step before (of the
  /// prefixes, at the first step). The parents are valid.
  virtual void begin_step(std::span<const std::int32_t> parents) = 0;
  /// Appends the new rows' keys and values, qkv [R, 3 width], and attends to them and all before. -> [R,
  /// width]
  virtual at::Tensor attend(std::int64_t layer, const at::Tensor& qkv) = 0;
};

/// On the CPU: no key or value is ever copied from row to row. A prefix's are shared by its rows; a step's
/// stay where they were written, and each row has a table of which row of each step it descends from. Memory:
/// L * 2 width floats per prefix position of an image and per row of a step, until the session ends (also
/// those of rows that were dropped since).
std::unique_ptr<Cache> make_shared_cache(const CacheShape& shape);

/// On any device, by LibTorch's operators: the rows' keys and values are gathered anew at each step.
std::unique_ptr<Cache> make_gathered_cache(const CacheShape& shape);

}  // namespace caption
