#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "decode/wording.h"
#include "libtorch/decode/device_task.h"
#include "libtorch/decode/top_k.h"

namespace caption {

/// The sequences so far of S images' W beams, as tensors: int64 [S, W, T], the prompt first, and how many of
/// them count [S], which is the same for all of an image's running beams.
struct History {
  at::Tensor tokens;
  at::Tensor lengths;
};

/// Which tokens a search on a device excludes or makes less likely: what decode/exclusions.h and
/// decode/repetition_penalty.h say, in tensors whose shapes are always the same.
class ChangedTokens {
 public:
  ChangedTokens(const DeviceTask& task);

  /// tokens [S, W, M] int32 behind the prompt, `steps` of which count [S]
  History history(const at::Tensor& tokens, const at::Tensor& steps) const;

  /// Whether any can be excluded, so that a beam can have no continuation.
  bool can_exclude() const { return excludes_stop() || excludes_repetitions() || bans(); }

  /// What cannot come behind each beam, `steps` [S] of whose tokens are not the prompt's: [S * W, E] int64,
  /// as TopKFunction takes it; undefined: nothing.
  at::Tensor excluded(const History& history, const at::Tensor& steps) const;

  /// The likeliest continuations of each beam: logits [S * W, V] -> [S * W, k]
  TopK top_k(const at::Tensor& logits, const History& history, const at::Tensor& steps) const;

 private:
  bool excludes_stop() const { return min_tokens_ > 0 && stops_.size(0) > 0; }
  bool excludes_repetitions() const { return ngram_ > 0 && ngram_ <= most_; }
  bool bans() const { return banned_.defined() || banned_last_.defined(); }

  at::Tensor repetitions(const History& history) const;
  at::Tensor completions(const History& history) const;

  std::int64_t beams_;
  std::int64_t most_;  ///< tokens of a sequence, the prompt's among them
  std::int64_t min_tokens_;
  std::int64_t ngram_;  ///< N, tokens of what cannot come twice; 0: none
  double temperature_;
  double penalty_;
  TopKFunction top_k_;
  at::Tensor stops_;         ///< [K] int64: the stop tokens
  at::Tensor prompt_;        ///< [N] int64
  at::Tensor banned_;        ///< [Q] int64, wherever they stand; undefined: none
  at::Tensor banned_begin_;  ///< [Q, L] int64: what the longer banned sequences begin with, kAny before it
  at::Tensor banned_last_;   ///< [Q] int64: and their last tokens; undefined: none
};

}  // namespace caption
