#include "pipeline/engine.h"

#include <ATen/Version.h>
#include <torch/headeronly/version.h>

#include "model/bundle.h"
#include "model/import.h"
#include "model/pack.h"
#include "model/verify.h"
#include "kernels/parallel.h"
#include "measure/benchmark.h"
#include "libtorch/engine/device.h"
#include "doctor/doctor.h"
#include "image/open_opencv.h"

namespace caption {
namespace {

PackReport pack(const std::filesystem::path& folder, const ModelOptions& options) {
  set_threads(options.threads);
  return pack_bundle(folder, resolve_compute(options, [&] { return count_weights(folder); }));
}

std::vector<std::byte> square(std::span<const std::byte> file_bytes, const ImageOptions& options, int side) {
  return opencv_library().encode_square(decode(file_bytes, options), side);
}

std::vector<std::byte> contact_sheet(std::span<const std::byte> file_bytes, const ImageOptions& options,
                                     const Explanation& explanation) {
  return opencv_library().encode_contact_sheet(decode(file_bytes, options), explanation);
}

std::vector<std::byte> heat_map(std::span<const double> heat, int cells, int side) {
  return opencv_library().encode_heat_map(heat, cells, side);
}

std::string versions() {
  return std::string("libtorch ") + TORCH_VERSION + "\n" + opencv_library().version() + "cpu " +
         at::get_cpu_capability() + "\n";
}

}  // namespace
}  // namespace caption

const caption::Engine* caption_engine() {
  static constexpr caption::Engine kEngine = {
      &caption::load_captioner, &caption::import_bundle, &caption::pack,          &caption::verify_bundle,
      &caption::square,         &caption::heat_map,      &caption::contact_sheet, &caption::run_benchmark,
      &caption::run_doctor,     &caption::versions};
  return &kEngine;
}
