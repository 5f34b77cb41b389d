#pragma once

#include <c10/util/Exception.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "caption/error.h"
#include "caption/options.h"
#include "layers/compute.h"
#include "cuda/driver.h"

namespace caption {

/// Number of a model's weights; asked for only if a GPU may be used.
using CountWeights = std::function<std::int64_t()>;

/// What `automatic` stands for on `device`; any other precision is itself.
Precision resolve_precision(Precision precision, at::Device device);

/// The device and weight type that the options ask for. LibTorch's CUDA library is opened here, and only if a
/// GPU is used, so this must come before LibTorch's first question for one. "auto" takes the first GPU if the
/// installation has that library, the model fits and the precision is not int8; else the CPU, with a note if
/// there is the library. Throws Error(usage) for a name that is no device and for a precision that the device
/// does not have, Error(model) for a GPU that cannot be used.
Compute resolve_compute(const ModelOptions& options, const CountWeights& count_weights);

// The steps of resolve_compute, one by one, for those who tell of each. They throw Error(model).

/// The N of "cuda:N", 0 of "cuda"; nothing if `name` is neither.
std::optional<int> cuda_index(std::string_view name);
/// Where LibTorch's CUDA library belongs, whether it is there or not: beside the CPU's.
std::filesystem::path cuda_library();
/// There is such a GPU, and it is not older than LibTorch's code.
void require_gpu(const CudaDriver& driver, int index);
/// So much of the GPU's memory is free as a model of `count` weights takes.
void require_memory(const CudaDriver& driver, int index, at::ScalarType weights, std::int64_t count);
/// Opens LibTorch's CUDA library, which must then find the GPU.
void open_cuda_library(const CudaDriver& driver, int index);

/// "15.8 GB"
std::string gigabytes(std::uint64_t bytes);

/// What `work` returns. If the GPU's memory does not suffice, Error(model) says what needs less.
template <typename Work>
auto within_memory(at::Device device, const Work& work) {
  try {
    return work();
  } catch (const c10::OutOfMemoryError&) {
    throw Error(ErrorKind::model,
                device.str() +
                    " is out of memory: a smaller --batch, --encode-batch or --beam needs less, and "
                    "so does --precision fp16; or use --device cpu");
  }
}

}  // namespace caption
