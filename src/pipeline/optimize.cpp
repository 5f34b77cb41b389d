#include "pipeline/optimize.h"

#include "kernels/parallel.h"
#include "model/pack.h"
#include "pipeline/device.h"

namespace caption {

PackReport optimize_bundle(const std::filesystem::path& folder, const ModelOptions& options) {
  set_threads(options.threads);
  return pack_bundle(folder, cpu_compute(options.precision));
}

}  // namespace caption
