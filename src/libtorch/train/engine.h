#pragma once

#include <ATen/ATen.h>

#include <memory>

#include "train/training_engine.h"

namespace caption {

/// As TrainingLibrary::make_engine, on a device that is open.
std::unique_ptr<TrainingEngine> make_training_engine(LearningState state, const LearningOptions& options,
                                                     at::Device device);

}  // namespace caption
