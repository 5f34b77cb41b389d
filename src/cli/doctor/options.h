#pragma once

#include <string>
#include <vector>

#include "cli/options.h"

namespace caption::cli {

/// The arguments after `caption doctor`: a DoctorConfig or PrintHelp. Throws Error(usage).
Command parse_doctor(const std::vector<std::string>& arguments);

}  // namespace caption::cli
