#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "layers/compute.h"
#include "gpt2/gpt2.h"
#include "mapper/mapper.h"
#include "vision/encoder.h"
#include "weights/weights.h"

namespace caption {

/// Which weight files make a model; several may be one file.
struct ModuleFiles {
  std::filesystem::path clip;
  std::filesystem::path mapper;
  std::filesystem::path gpt2;
  std::string activation;  ///< "quick_gelu", "gelu", or empty: what the CLIP file itself says
  Checksums checksums = Checksums::structure;
};

struct Modules {
  std::unique_ptr<ImageEncoder> encoder;
  std::unique_ptr<Mapper> mapper;
  std::unique_ptr<Gpt2> gpt2;
  std::string activation;  ///< the encoder's, resolved
};

/// Number of the weights that the three modules would have. Reads the files' structure only. Throws as
/// load_modules.
std::int64_t count_weights(const ModuleFiles& files);

/// Reads the files and builds the three modules. The mapper must take what the encoder gives, so the wrong
/// pair of CLIP and captioner cannot load. Throws Error(model).
Modules load_modules(const ModuleFiles& files, const Compute& compute);

}  // namespace caption
