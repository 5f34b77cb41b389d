#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "caption/error.h"
#include "caption/options.h"
#include "decode/stop_rule.h"
#include "decode/wording.h"

namespace caption {

/// Logits of several sequences: [rows, vocabulary], row-major; valid until the next call that made them.
struct Logits {
  std::span<const float> values;
  std::size_t rows = 0;
  std::size_t vocabulary = 0;
};

/// What a search asks of a language model; a test answers with a table. Rows are sequences in flight.
class StepFunction {
 public:
  virtual ~StepFunction() = default;
  /// One pass. Row r < tokens.size() is row parents[r] of the pass before with tokens[r] appended; a row that
  /// is nobody's parent is dropped. Behind them come `joining` new rows: the first position of each of the
  /// model's next images. Never without rows. -> [tokens.size() + joining, vocabulary]
  virtual Logits step(std::span<const std::int32_t> tokens, std::span<const std::int32_t> parents,
                      std::size_t joining) = 0;
};

/// One finished sequence.
struct Hypothesis {
  std::vector<std::int32_t> tokens;  ///< with the one that ended it
  double score = 0;                  ///< sum of log-probabilities
};

/// Throws Error(usage), with the valid range, if an option is outside it, if n_best > beam without sampling
/// or if min_tokens > max_tokens. That max_tokens fits the model's positions is not known here.
void validate(const DecodeOptions& options);

/// What every search demands: options that validate and say a maximum of tokens, else Error(usage), and a
/// rule that was made with their stop texts, else Error(internal).
void require_searchable(const StopRule& stop, const DecodeOptions& options);

/// For sequences none of which can go on: all tokens that could come are excluded.
Error no_continuation();

/// Decodes the model's first `images` images together, as `options` say (greedy, beam search or sampling). ->
/// one list per image, best first, of at most n_best (fewer only if the vocabulary has no more). Errors as
/// those of `Searches`, which does this for images that come and go.
std::vector<std::vector<Hypothesis>> search(StepFunction& model, std::size_t images, const StopRule& stop,
                                            const DecodeOptions& options, const Wording& wording = {});

}  // namespace caption
