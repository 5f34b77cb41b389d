#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "caption/options.h"

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
  std::vector<std::int32_t> tokens;  ///< with the stop token, if it was reached
  double score = 0;                  ///< sum of log-probabilities
};

/// When a sequence ends before it has max_tokens.
struct StopRule {
  std::optional<std::int32_t> token = 13;  ///< GPT-2's "."; nothing: never
};

/// Throws Error(usage), with the valid range, if an option is outside it or if n_best > beam without
/// sampling. That max_tokens fits the model's positions is not known here.
void validate(const DecodeOptions& options);

/// Throws Error(model) if the stop token is not in the vocabulary.
void require_stop_token(const StopRule& stop, std::size_t vocabulary);

/// Decodes the model's first `images` images together, as `options` say (greedy, beam search or sampling). ->
/// one list per image, best first, of at most n_best (fewer only if the vocabulary has no more). Errors as
/// those of `Searches`, which does this for images that come and go.
std::vector<std::vector<Hypothesis>> search(StepFunction& model, std::size_t images, const StopRule& stop,
                                            const DecodeOptions& options);

}  // namespace caption
