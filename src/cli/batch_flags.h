#pragma once

#include "caption/options.h"
#include "cli/flag.h"

namespace caption::cli {

/// How many images go through a model at a time: --batch and --encode-batch.
Flags<BatchSizes> batch_flags();

/// Threads that decode images, beside so many that compute, as --threads has it: as many, but more than four
/// would only wait for the model.
int reader_threads(int threads);

}  // namespace caption::cli
