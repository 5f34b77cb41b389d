#pragma once

#include <cstdint>
#include <string>

#include "caption/options.h"
#include "doctor/checks.h"

namespace caption {

/// The device that a model's options lead to.
struct ExaminedDevice {
  bool usable = true;                      ///< false: a GPU was asked for, and cannot be used
  std::string name = "cpu";                ///< as ModelOptions::device takes it
  std::string description;                 ///< "Tesla T4", empty of a CPU
  int index = 0;                 ///< of a GPU
  bool own_kernels = false;      ///< whether the installation has our own for this GPU
};

/// Checks the driver, the GPU, its memory for `weights` weights in fp32, LibTorch's CUDA library and our
/// kernels' library. With "auto", what keeps a GPU from being there at all is no failure: the CPU is used.
ExaminedDevice examine_device(Checks& checks, const std::string& device, std::int64_t weights);

/// Checks the processor and the memory of the machine.
void examine_machine(Checks& checks, std::int64_t weights);

}  // namespace caption
