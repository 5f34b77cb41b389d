// How the program reaches training in the module libcaption_train.so.

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include "caption/api.h"
#include "kernels/parallel.h"
#include "libtorch/engine/cuda_library.h"
#include "libtorch/train/engine.h"

namespace caption {
namespace {

std::unique_ptr<TrainingEngine> make_engine(LearningState state, const LearningOptions& options,
                                            const std::string& device, int threads) {
  at::set_num_threads(threads > 0 ? threads : available_cores());
  at::Device where = at::kCPU;
  if (device != "cpu") {
    const int index = device == "cuda" ? 0 : std::stoi(device.substr(device.find(':') + 1));
    open_cuda_library(index);
    where = {at::kCUDA, static_cast<c10::DeviceIndex>(index)};
  }
  return make_training_engine(std::move(state), options, where);
}

}  // namespace
}  // namespace caption

extern "C" CAPTION_API const caption::TrainingLibrary* caption_training_library() {
  static constexpr caption::TrainingLibrary kLibrary{.make_engine = caption::make_engine};
  return &kLibrary;
}
