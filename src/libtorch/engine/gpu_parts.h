#pragma once

#include <functional>
#include <string>

#include "gpt2/gpt2.h"
#include "layers/compute.h"
#include "libtorch/decode/step_runner.h"
#include "libtorch/decode/top_k.h"
#include "libtorch/engine/transfer.h"

namespace caption {

/// What a search takes in the place of LibTorch's operators, one by one.
struct SearchParts {
  StepRunner run = run_eagerly;
  TopKFunction top_k = top_k_by_operators;
  StepAttentionFunction attention;  ///< none: operators
};

/// On a GPU CUDA graphs and the kernels of src/cuda, from the libraries beside this one; elsewhere, where the
/// kernels do not have the type or as many positions, and for what cannot be loaded, operators that are run
/// one by one. `note` is told what cannot be loaded, once a process, and why a step cannot be captured.
SearchParts search_parts(const Gpt2& gpt2, const Compute& compute,
                         const std::function<void(const std::string&)>& note);

/// Likewise how images are resized on a device: nothing where the CPU does it.
ResizeFunction resize_on(at::Device device, const std::function<void(const std::string&)>& note);

}  // namespace caption
