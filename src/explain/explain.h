#pragma once

#include <functional>
#include <memory>
#include <span>

#include "caption/explanation.h"
#include "decode/search.h"
#include "image/image.h"
#include "text/tokenizer.h"

namespace caption {

/// The language model behind B versions of a picture, which are its next images.
using ModelStart = std::function<std::unique_ptr<StepFunction>(std::span<const Pixels>)>;

/// What is to be explained.
struct Explained {
  const Pixels& image;
  Caption caption;         ///< its tokens must not be empty; its score is taken anew
  double temperature = 1;  ///< divides the logits, as when the caption was made
};

/// How the tokens of a caption came about: each one's distribution in the picture as it is, and by how much
/// each word's log-probability falls when a part of the picture is hidden and all else, the words before
/// included, stays. Memory is bounded by options.batch versions of the picture. Throws Error(usage) for
/// options outside their bounds, and what `start` and its models throw.
Explanation explain_caption(Explained explained, const Tokenizer& tokenizer, const ModelStart& start,
                            const ExplainOptions& options);

}  // namespace caption
