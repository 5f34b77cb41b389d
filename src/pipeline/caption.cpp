#include <algorithm>
#include <utility>

#include "caption/captioner.h"

namespace caption {

std::vector<std::vector<Caption>> Captioner::caption(std::vector<Picture> pictures,
                                                     const DecodeOptions& options) {
  const int together = static_cast<int>(std::max<std::size_t>(pictures.size(), 1));
  return caption(std::move(pictures), options, {together, together});
}

std::vector<std::vector<Caption>> Captioner::caption(std::vector<Picture> pictures,
                                                     const DecodeOptions& options,
                                                     const BatchSizes& sizes) {
  const std::unique_ptr<CaptionScheduler> scheduler = this->schedule(options, sizes);
  std::vector<std::vector<Caption>> captions(pictures.size());
  for (std::size_t next = 0; next < pictures.size() || !scheduler->idle();) {
    for (; next < pictures.size() && scheduler->room() > 0; ++next) scheduler->add(next, std::move(pictures[next]));
    for (ScheduledCaptions& result : scheduler->advance()) captions.at(result.image) = std::move(result.captions);
  }
  return captions;
}

}  // namespace caption
