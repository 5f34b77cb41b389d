#include "pipeline/versions.h"

#include "image/open_modules.h"
#include "kernels/kernels.h"
#include "pipeline/gpu_library.h"

namespace caption {

std::string library_versions() {
  return (has_gpu_library() ? gpu_library().versions() : "") + opencv_library().version() + "cpu " +
         std::string(kernels::active().name) + "\n";
}

}  // namespace caption
