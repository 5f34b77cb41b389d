#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "caption/options.h"
#include "cuda/driver.h"
#include "layers/cpu.h"
#include "pipeline/engine.h"
#include "tensor/dtype.h"

namespace caption {

/// Loads the bundle in `folder` on the device and with the precision that the options ask for. "auto" takes
/// the first GPU if the installation has the part for GPUs, the model fits and the precision is not int8;
/// else the CPU, with a note if there is that part. Throws Error(usage) for a name that is no device and for
/// a precision that the device does not have, Error(model) for a GPU or a bundle that cannot be used.
std::unique_ptr<Engine> open_engine(const std::filesystem::path& folder, const ModelOptions& options);

/// What the CPU is to calculate in. Throws Error(usage) for fp16.
CpuCompute cpu_compute(Precision precision);

/// What `automatic` stands for on a GPU or the CPU; any other precision is itself.
Precision resolve_precision(Precision precision, bool gpu);
/// The type of the matrices; for a precision that is resolved.
DType weight_type(Precision precision);

// The steps of choosing a GPU, one by one, for those who tell of each. They throw Error(model).

/// The N of "cuda:N", 0 of "cuda"; nothing if `name` is neither.
std::optional<int> cuda_index(std::string_view name);
/// There is such a GPU, and it is not older than LibTorch's code.
void require_gpu(const CudaDriver& driver, int index);
/// So much of the GPU's memory is free as a model of `count` weights takes.
void require_memory(const CudaDriver& driver, int index, DType weights, std::int64_t count);

/// "15.8 GB"
std::string gigabytes(std::uint64_t bytes);

}  // namespace caption
