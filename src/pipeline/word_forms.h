#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "caption/options.h"
#include "decode/wording.h"
#include "text/tokenizer.h"

namespace caption {

/// A word as texts have it: as it is written, in small letters, and each with a large first letter. Only
/// ASCII letters change.
std::vector<std::string> letter_cases(const std::string& word);

/// What the options say of a caption's words, in the tokens of a model. `stop` are the tokens that end
/// its captions. Throws Error(usage) for texts that are not UTF-8, and for a banned one without
/// which no caption could end.
Wording wording_of(const DecodeOptions& options, const Tokenizer& tokenizer,
                   std::span<const std::int32_t> stop);

}  // namespace caption
