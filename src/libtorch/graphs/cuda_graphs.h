#pragma once

#include <memory>

#include "caption/api.h"
#include "libtorch/decode/graph_recorder.h"

namespace caption {

/// What needs LibTorch's CUDA libraries, in a library of its own that is opened after them.
struct CudaGraphs {
  /// CUDA graphs of what LibTorch's operators, and kernels in the current stream, do on a GPU. Its functions
  /// throw what LibTorch throws; all memory that a captured sequence takes is its own.
  std::unique_ptr<GraphRecorder> (*make_recorder)(int device);
};

}  // namespace caption

/// The one entry point of that library.
extern "C" CAPTION_API const caption::CudaGraphs* caption_cuda_graphs();
