#pragma once

#include "measure/report.h"

namespace caption {

/// Loads a model and takes images through it as the captioner does, stage by stage, one thread of the program
/// after the other, and measures. Throws Error: usage if the tokens do not fit the model, model, or, with the
/// image's name, what is wrong with one.
BenchmarkReport run_benchmark(const BenchmarkRequest& request);

}  // namespace caption
