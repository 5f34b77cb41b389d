#pragma once

#include "doctor/report.h"

namespace caption {

/// Examines this machine, the installation and a model on a device: what `caption doctor` tells. Whatever is
/// wrong with them is a line of the report, never an exception, but for a name that is no device:
/// Error(usage).
DoctorReport run_doctor(const DoctorRequest& request);

}  // namespace caption
