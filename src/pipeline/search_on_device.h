#pragma once

#include <memory>

#include "bundle/bundle.h"
#include "device_decode/device_searches.h"
#include "pipeline/stream.h"

namespace caption {

/// Searches for captions with all of the model's and the searches' state on task.device, where the bundle is.
/// They refer to the bundle; steps attend by `attention`, as Gpt2::slots says. Throws as DeviceSearches does,
/// and Error(model) if the device's memory does not suffice.
std::unique_ptr<PictureSearches> search_on_device(const Bundle& bundle, const DeviceTask& task,
                                                  StepAttentionFunction attention = {});

}  // namespace caption
