#include "pipeline/engine.h"

#include <ATen/Version.h>
#include <torch/headeronly/version.h>

#include "bundle/digest.h"
#include "bundle/import.h"
#include "bundle/manifest.h"
#include "image/image.h"

namespace caption {
namespace {

void verify_bundle(const std::filesystem::path& folder) {
  verify_files(folder, read_manifest(folder), /*hashes=*/true);
}

std::string versions() {
  return std::string("libtorch ") + TORCH_VERSION + "\n" + image_libraries() + "cpu " +
         at::get_cpu_capability() + "\n";
}

}  // namespace
}  // namespace caption

const caption::Engine* caption_engine() {
  static constexpr caption::Engine kEngine = {&caption::load_captioner, &caption::import_bundle,
                                              &caption::verify_bundle, &caption::versions};
  return &kEngine;
}
