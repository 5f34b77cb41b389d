#pragma once

#include <memory>

#include "fetch/transfer.h"

namespace caption {

/// Throws Error(internal) if libcurl does not start.
std::unique_ptr<HttpSession> open_curl_session(const HttpOptions& options);

}  // namespace caption
