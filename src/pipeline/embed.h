#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "caption/captioner.h"
#include "pipeline/batch.h"

namespace caption {

/// What became of an input: its embedding, or why there is none.
struct EmbeddedInput {
  std::size_t number = 0;  ///< its place in the order of the source, from 0 on
  std::string name;
  std::span<const float> embedding;  ///< [D], as the encoder gives it; empty with an error
  std::optional<Error> error;
};
/// Takes them, one per input, in their order. Called on the thread of `embed_all`; may throw to end the run.
using EmbeddingSink = std::function<void(const EmbeddedInput&)>;

/// Takes every input of `source` through the captioner's encoder, `sizes.encode_batch` at a time; `decode` of
/// the options has no meaning here. Memory, errors and `interrupt` as of `caption_all`.
BatchSummary embed_all(Captioner& captioner, const InputSource& source, const EmbeddingSink& sink,
                       const BatchOptions& options, const std::atomic<bool>& interrupt);

}  // namespace caption
