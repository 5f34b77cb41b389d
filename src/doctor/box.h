#pragma once

#include "doctor/checks.h"
#include "image/boxed_decode.h"

namespace caption {

/// A line about the box in which pictures are decoded: `found`, and what follows for a run. No system is
/// broken for want of one: that is a warning.
void check_box(Checks& checks, const BoxReport& found);

}  // namespace caption
