#pragma once

#include <string>

#include "pages/explained_words.h"

namespace caption::cli {

/// Lines for a person: the caption, its score, and a table of its tokens.
std::string explanation_table(const ExplainedImage& explained);

/// One line of JSON, see scripts/schema/explain.schema.json. Always valid UTF-8: what is not in the name
/// becomes U+FFFD.
std::string explanation_json(const ExplainedImage& explained);

}  // namespace caption::cli
