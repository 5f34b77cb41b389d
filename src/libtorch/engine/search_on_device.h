#pragma once

#include <c10/core/Stream.h>

#include <cstddef>
#include <memory>

#include "libtorch/decode/device_searches.h"
#include "libtorch/engine/transfer.h"
#include "libtorch/layers/gpt2_slots.h"
#include "model/bundle.h"
#include "pipeline/scheduler.h"

namespace caption {

/// What is searched for on a device, and by what.
struct PictureTask {
  DeviceTask search;
  Transfer transfer;                ///< to the device of `search`
  std::size_t encode_batch = 1;     ///< images that are encoded together at most
  c10::Stream beside;               ///< of that device, in which they are
  StepAttentionFunction attention;  ///< of a step, as Gpt2Slots says
};

/// Searches for captions with all of the model's and the searches' state on the device. They refer to the
/// bundle, which is there, too. A whole batch of images is encoded beside the passes, even before there are
/// slots for them. Throws as DeviceSearches does, and Error(model) if the device's memory does not suffice.
std::unique_ptr<PictureSearches> search_on_device(const Bundle<at::Tensor>& bundle, PictureTask task);

}  // namespace caption
