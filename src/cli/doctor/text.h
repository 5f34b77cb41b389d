#pragma once

#include <string>

#include "doctor/report.h"

namespace caption::cli {

/// The report as lines for a person.
std::string doctor_text(const DoctorRequest& request, const DoctorReport& report);

/// The object of --json, a line: scripts/schema/doctor.schema.json. Always valid UTF-8.
std::string doctor_json(const DoctorRequest& request, const DoctorReport& report);

}  // namespace caption::cli
