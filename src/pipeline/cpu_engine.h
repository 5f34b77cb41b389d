#pragma once

#include <filesystem>
#include <memory>

#include "layers/cpu.h"
#include "pipeline/engine.h"

namespace caption {

/// Loads the bundle in `folder` for the CPU. Throws Error(model).
std::unique_ptr<Engine> make_cpu_engine(const std::filesystem::path& folder, const CpuCompute& compute);

/// Pixels of B pictures of resolution R -> [B, 3, R, R]. Throws Error(internal) for others.
Tensor stack_pixels(std::span<const Picture> pictures, int resolution);

}  // namespace caption
