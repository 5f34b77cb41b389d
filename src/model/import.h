#pragma once

#include "model/import_request.h"
#include "model/manifest.h"

namespace caption {

/// Makes the bundle that `request` describes out of published files, loads it once to check it, and puts it
/// in place whole: if anything fails, nothing is left behind. -> what its model.json says. Throws
/// Error(model), Error(usage) or Error(output).
Manifest import_bundle(const ImportRequest& request);

}  // namespace caption
