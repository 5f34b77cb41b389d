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
  /// The first position of each of the B images: [B, vocabulary]. Called once, first.
  virtual Logits start() = 0;
  /// New row r is row parents[r] of the call before with tokens[r] appended. -> [tokens.size(), vocabulary]
  virtual Logits step(std::span<const std::int32_t> tokens, std::span<const std::int32_t> parents) = 0;
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

/// Decodes all images of `model` together, as `options` say (greedy, beam search or sampling). -> one list
/// per image, best first, of at most n_best (fewer only if the vocabulary has no more). max_tokens must be at
/// least 1 by now. Rows of sequences that have ended, and so of images that are done, leave the batch; `step`
/// is called at most max_tokens - 1 times, never with no rows. An image's result does not depend on the
/// others as long as its rows' logits do not. Throws Error(usage) for options that do not validate,
/// Error(model) for logits that are NaN or plus infinity and for a stop token outside the vocabulary,
/// Error(internal) for an answer of the wrong shape.
std::vector<std::vector<Hypothesis>> search(StepFunction& model, const StopRule& stop,
                                            const DecodeOptions& options);

}  // namespace caption
