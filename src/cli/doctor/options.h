#pragma once

#include <string>
#include <vector>

#include "doctor/report.h"
#include "cli/parsed.h"

namespace caption::cli {

/// `caption doctor [OPTION]...`, complete and checked.
struct DoctorConfig {
  std::string model;  ///< name or folder; empty: the best of what is installed
  ModelOptions model_options;
  bool json = false;  ///< instead of the text
  bool quiet = false;
};

/// The arguments after `caption doctor`. Throws Error(usage).
Parsed<DoctorConfig> parse_doctor(const std::vector<std::string>& arguments);

}  // namespace caption::cli
