#pragma once

#include <atomic>

namespace caption::cli {

/// Set by the first Ctrl-C (SIGINT) or SIGTERM after `catch_interrupts`.
extern const std::atomic<bool>& interrupted;

/// From now on the first SIGINT or SIGTERM asks the run to end at the next record; a second one kills the
/// process. A signal that the caller ignores (nohup, a background job) stays ignored.
void catch_interrupts();

}  // namespace caption::cli
