#pragma once

#include "cli/flag.h"
#include "inputs/input.h"

namespace caption::cli {

/// Where inputs come from: --recursive, --files-from, --watch, --tar, --null and --shard. A command may take a few of them.
Flags<InputOptions> input_flags();

/// What is taken of folders: --include and --exclude.
Flags<Patterns> pattern_flags();

/// What these options are called in messages.
InputAdvice input_advice();

}  // namespace caption::cli
