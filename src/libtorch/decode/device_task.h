#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "decode/search.h"
#include "libtorch/decode/step_runner.h"
#include "libtorch/decode/top_k.h"

namespace caption {

/// Whether such searches are a device's. Sampling, required words and groups of beams are the CPU's, over
/// logits that come from the device.
bool is_of_devices(const DecodeOptions& options);

/// What is searched for, and where.
struct DeviceTask {
  /// Throws as require_searchable does, and Error(internal) for what is no search of devices: whoever has a
  /// task has one that can be searched for.
  DeviceTask(StopRule stop_rule, DecodeOptions options, std::int64_t slot_count, at::Device on,
             Wording words = {});

  StopRule stop;
  Wording wording;
  DecodeOptions decode;
  std::int64_t slots;  ///< S, images that are searched for together at most
  at::Device device;
  StepRunner run = run_eagerly;
  TopKFunction top_k = top_k_by_operators;
};

}  // namespace caption
