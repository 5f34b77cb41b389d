#pragma once

#include <string>
#include <vector>

#include "records/record.h"

namespace caption {

/// "stop" or "length"; nothing for a text that was given.
std::string finish_word(const Caption& caption);

/// What a reader should know of a caption: "repetition", if it says the same words again and again;
/// "only_prompt", if it says no more than what it had to begin with.
std::vector<std::string> flags_of(const Caption& caption);

/// Likewise of one of a picture's captions: "truncated" as well, if a part of the picture was missing, and
/// "preview", if it is that of a camera's raw data.
std::vector<std::string> flags_of(const Record& record, const Caption& caption);

/// Whether somebody should look at the picture's best caption: it is empty, unsure or was cut, or has flags
/// other than "preview".
bool is_doubtful(const Record& record);

}  // namespace caption
