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
                                                     const StreamOptions& sizes) {
  const std::unique_ptr<CaptionStream> stream = this->stream(options, sizes);
  std::vector<std::vector<Caption>> captions(pictures.size());
  for (std::size_t next = 0; next < pictures.size() || !stream->idle();) {
    for (; next < pictures.size() && stream->room() > 0; ++next) stream->add(next, std::move(pictures[next]));
    for (StreamResult& result : stream->advance()) captions.at(result.image) = std::move(result.captions);
  }
  return captions;
}

}  // namespace caption
