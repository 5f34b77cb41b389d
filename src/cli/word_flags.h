#pragma once

#include "caption/options.h"
#include "cli/flag.h"

namespace caption::cli {

/// The options that say which words captions have, in the order of the help page.
Flags<DecodeOptions> word_flags();

}  // namespace caption::cli
