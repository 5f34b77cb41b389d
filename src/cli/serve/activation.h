#pragma once

#include <optional>

namespace caption::cli {

/// The socket that systemd, or who does as it does (LISTEN_PID, LISTEN_FDS), has handed to this process.
/// Throws Error(usage) if there are several.
std::optional<int> handed_over_socket();

}  // namespace caption::cli
