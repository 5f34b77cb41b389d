#pragma once

#include "cli/exit_status.h"

namespace caption::cli {

/// Makes the process safe to work in: descriptors 0 to 2 that the caller closed are occupied (using them
/// stays an error), so that no file that is opened later takes their place; a closed pipe becomes an error of
/// write(). A mapped file that becomes shorter ends the process with a message and status 3. What is freed
/// stays with the process, as a model needs it.
void prepare_process();

/// Ends the process without the destructors of the libraries, which take 60 ms and do nothing for us.
[[noreturn]] void leave(ExitStatus status);

}  // namespace caption::cli
