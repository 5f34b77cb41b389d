#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "caption/options.h"
#include "decode/stop_rule.h"
#include "decode/wording.h"

namespace caption {

/// Which tokens cannot come next in a sequence, by a search's options; and which it has already.
class Exclusions {
 public:
  Exclusions(const StopRule& stop, const Wording& wording, const DecodeOptions& options);

  /// Behind the prompt and `tokens`, ascending, each once; valid until the next call. The stop tokens, before
  /// there are min_tokens; what would end a sequence of no_repeat_ngram tokens that is there already; and
  /// what would complete a banned sequence.
  std::span<const std::int32_t> behind(std::span<const std::int32_t> tokens);

  /// The tokens of the prompt and of `tokens`, ascending, each once, if there is a repetition penalty; valid
  /// until the next call.
  std::span<const std::int32_t> seen(std::span<const std::int32_t> tokens);

 private:
  void exclude_repetitions();
  void set_history(std::span<const std::int32_t> tokens);

  std::vector<std::int32_t> stop_;
  std::size_t min_tokens_;
  std::size_t ngram_;  ///< 0: none
  bool penalty_;
  std::vector<std::int32_t> prompt_;
  std::shared_ptr<const BannedSequences> banned_;
  std::vector<std::int32_t> history_;  ///< prompt and tokens
  std::vector<std::int32_t> excluded_;
  std::vector<std::int32_t> merged_;
  std::vector<std::int32_t> seen_;
};

}  // namespace caption
