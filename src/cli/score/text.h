#pragma once

#include <optional>
#include <string>
#include <vector>

#include "caption/captioner.h"

namespace caption::cli {

/// A text, and how similar CLIP finds it to the picture.
struct TextScore {
  ScoredText scored;
  std::optional<double> similarity;  ///< a cosine; nothing where the model has no text side
  bool cut = false;                  ///< it is that of the text's beginning
};

/// Lines for a person: a table of the texts; with `tokens`, one of each text's tokens behind it.
std::string scores_table(const std::vector<TextScore>& texts, bool tokens);

/// A line of JSON for each text, see scripts/schema/score.schema.json. Always valid UTF-8: what is not in the
/// name becomes U+FFFD.
std::string scores_json(const std::string& image, const std::string& model,
                        const std::vector<TextScore>& texts);

}  // namespace caption::cli
