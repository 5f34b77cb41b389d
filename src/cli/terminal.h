#pragma once

#include "files/output.h"

namespace caption::cli {

/// When names are coloured.
enum class Color { automatic, always, never };

/// Whether to colour what goes to `output`: for `automatic`, if it is a terminal that can, and NO_COLOR is
/// not set.
bool use_color(Color color, const Output& output);

/// Whether stderr is a terminal on which a line can be redrawn.
bool can_show_progress();

}  // namespace caption::cli
