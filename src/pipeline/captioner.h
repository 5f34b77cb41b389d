#pragma once

#include <filesystem>
#include <memory>

#include "caption/captioner.h"
#include "layers/cpu.h"
#include "pipeline/engine.h"

namespace caption {

/// From where a captioner loads CLIP's text side when it is first asked for, and what that calculates in.
struct TextSource {
  std::filesystem::path folder;  ///< the engine's bundle
  CpuCompute compute;
};

/// A captioner on any engine.
std::unique_ptr<Captioner> make_captioner(std::unique_ptr<Engine> engine, TextSource text = {});

}  // namespace caption
