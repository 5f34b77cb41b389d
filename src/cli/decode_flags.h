#pragma once

#include "caption/options.h"
#include "cli/flag.h"

namespace caption::cli {

/// The options of the search for captions, in the order of the help page. A command may take a few of them.
Flags<DecodeOptions> decode_flags();

/// The order of what was found.
Flags<DecodeOptions> rerank_flags();

}  // namespace caption::cli
