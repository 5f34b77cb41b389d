#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "libtorch/decode/graph_recorder.h"

namespace caption {

/// Runs `step`, or what it did when it ran under the same key before: between two runs with one key only the
/// contents of its tensors differ, so that it can be captured as a graph and replayed.
using StepRunner = std::function<void(std::int64_t key, const std::function<void()>& step)>;

/// Runs every step itself.
void run_eagerly(std::int64_t key, const std::function<void()>& step);

/// Runs the first step of a key, captures the second and replays it from then on. If one cannot be captured,
/// `note` is told why, once, and all steps are run from then on.
StepRunner run_by_graphs(std::unique_ptr<GraphRecorder> recorder,
                         std::function<void(const std::string&)> note);

}  // namespace caption
