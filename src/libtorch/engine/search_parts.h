#pragma once

#include <functional>
#include <string>

#include "libtorch/decode/step_runner.h"
#include "libtorch/decode/top_k.h"
#include "libtorch/engine/transfer.h"
#include "libtorch/layers/gpt2_slots.h"

namespace caption {

/// Told why a GPU is used less well than it could be; or nothing.
using Note = std::function<void(const std::string&)>;

/// What a search takes in the place of LibTorch's operators, one by one.
struct SearchParts {
  StepRunner run = run_eagerly;
  TopKFunction top_k = top_k_by_operators;
  StepAttentionFunction attention;  ///< none: operators
};

/// On a GPU CUDA graphs and the kernels of src/cuda, from the libraries beside this one; elsewhere, where the
/// kernels do not have the type or as many positions, and for what cannot be loaded, operators that are run
/// one by one. `note` is told what cannot be loaded, once a process, and why a step cannot be captured.
SearchParts search_parts(const Gpt2<at::Tensor>& gpt2, const Note& note);

/// Likewise how images are resized on a device: nothing where the CPU does it.
ResizeFunction resize_on(at::Device device, const Note& note);

/// The kernels of src/cuda for GPUs, or null if this installation has none. Throws Error(model) if it has
/// some that cannot be loaded.
const cuda::Kernels* open_own_kernels();

}  // namespace caption
