#pragma once

#include "image/bytes.h"

namespace caption {

/// Whether it is markup with an <svg> near its beginning.
bool is_svg(Bytes file);

/// Throws Error(unsupported_format), which says what the file is instead of a picture that we read, as far as
/// its bytes tell.
[[noreturn]] void fail_unknown(Bytes file);

}  // namespace caption
