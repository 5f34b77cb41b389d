#pragma once

#include <cstddef>
#include <memory>

#include "bundle/bundle.h"
#include "device_decode/device_searches.h"
#include "pipeline/staging.h"
#include "pipeline/stream.h"

namespace caption {

/// What is searched for on a device, and by what.
struct PictureTask {
  DeviceTask search;
  Staging staging;                  ///< to the device of `search`
  std::size_t encode_batch = 1;     ///< images that are encoded together at most
  StepAttentionFunction attention;  ///< of a step, as Gpt2::slots says
};

/// Searches for captions with all of the model's and the searches' state on the device where the bundle is,
/// to which they refer. A whole batch of images is encoded beside the passes, even before there are slots for
/// them. Throws as DeviceSearches does, and Error(model) if the device's memory does not suffice.
std::unique_ptr<PictureSearches> search_on_device(const Bundle& bundle, PictureTask task);

}  // namespace caption
