#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "caption/options.h"
#include "decode/stop_rule.h"

namespace caption {

/// Which tokens cannot come next in a sequence, by a search's options.
class Exclusions {
 public:
  Exclusions(const StopRule& stop, const DecodeOptions& options);

  /// Behind `tokens`, ascending, each once; valid until the next call. The stop token, before there are
  /// min_tokens; and what would end a sequence of no_repeat_ngram tokens that is there already.
  std::span<const std::int32_t> behind(std::span<const std::int32_t> tokens);

 private:
  void exclude_repetitions(std::span<const std::int32_t> tokens);

  std::optional<std::int32_t> stop_;
  std::size_t min_tokens_;
  std::size_t ngram_;  ///< 0: none
  std::vector<std::int32_t> excluded_;
};

}  // namespace caption
