#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "libtorch/decode/graph_recorder.h"

namespace caption {

/// A device for tests, "accelerator", whose memory is the host's. Its operators are the CPU's, but it behaves
/// like a GPU where a program for one goes wrong: an operator refuses tensors of several devices (but for a
/// CPU tensor without dimensions, as CUDA does), results whose shape depends on values, and memory that
/// another of its streams may be using; copies between it and the CPU are counted, and so is everything else
/// that would make the CPU wait for it.
namespace accelerator {

struct Counts {
  std::int64_t to_device = 0;  ///< copies from the CPU
  std::int64_t to_host = 0;    ///< copies to the CPU: each waits for what was computed before
  std::int64_t scalars = 0;    ///< single values that the CPU asked for: likewise
  std::int64_t operators = 0;  ///< computed on the device
  std::int64_t bytes_to_host = 0;
  std::int64_t beside = 0;  ///< of the operators and the copies, those in other streams than the default one
  std::int64_t freed_in_use = 0;  ///< memory that was given back while another stream may be using it
};

at::Device device();

/// Since the program started.
Counts counts();

Counts operator-(const Counts& later, const Counts& earlier);

/// Captures what is computed on the device as CUDA does: operators with the memory and the numbers that they
/// were called with. While it captures, nothing may wait for the device and nothing may be copied to or from
/// the CPU, and what was in memory before is there afterwards, too.
std::unique_ptr<GraphRecorder> make_recorder();

/// What a kernel reads and writes: addresses within tensors' memory.
struct KernelMemory {
  std::vector<const void*> reads;
  std::vector<const void*> writes;
};

/// Runs a kernel on the device that is no operator: it is captured as they are.
void launch(const std::function<void()>& kernel, const KernelMemory& memory);

}  // namespace accelerator
}  // namespace caption
