#pragma once

#include "pipeline/engine.h"

namespace caption::cli {

/// The engine, loaded from its shared library at the first call: it costs 0.2 s that `--help` and `models
/// list` need not pay. It stays loaded. Throws Error(internal) that says what is missing.
const Engine& load_engine();

}  // namespace caption::cli
