#pragma once

#include <memory>

#include "caption/captioner.h"
#include "pipeline/engine.h"

namespace caption {

/// A captioner on any engine.
std::unique_ptr<Captioner> make_captioner(std::unique_ptr<Engine> engine);

}  // namespace caption
