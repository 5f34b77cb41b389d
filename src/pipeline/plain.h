#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

#include "caption/captioner.h"

namespace caption {

/// A scheduler that says less where it is unsure: an image whose caption by `detailed` is unsure gets the one
/// that `plain` finds, which is marked as unsure, too, and keeps the other one as its guess. Pictures go
/// through the encoder once: both get their embeddings, which `embed` gives as Captioner::embed does. `most`:
/// how many images may wait for `plain`.
std::unique_ptr<CaptionScheduler> make_plain(std::unique_ptr<CaptionScheduler> detailed,
                                             std::unique_ptr<CaptionScheduler> plain,
                                             std::function<Embeddings(std::span<const Picture>)> embed,
                                             std::size_t most);

}  // namespace caption
