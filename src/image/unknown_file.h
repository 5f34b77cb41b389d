#pragma once

#include "image/bytes.h"

namespace caption {

/// Throws Error(unsupported_format), which says what the file is instead of a picture that we read, as far as
/// its bytes tell.
[[noreturn]] void fail_unknown(Bytes file);

}  // namespace caption
