#pragma once

#include "caption/options.h"
#include "core/compute.h"

namespace caption {

/// What `automatic` stands for on `device`; any other precision is itself.
Precision resolve_precision(Precision precision, at::Device device);

/// The device and weight type that the options ask for. "auto" takes a GPU if this build can use one, else
/// the CPU. Throws Error(usage) for a name that is no device, Error(model) for a device that cannot be used
/// here.
Compute resolve_compute(const ModelOptions& options);

}  // namespace caption
