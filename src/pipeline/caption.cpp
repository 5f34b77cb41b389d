#include <algorithm>
#include <utility>

#include "caption/captioner.h"

namespace caption {

std::vector<std::vector<Caption>> Captioner::caption(std::vector<Picture> pictures,
                                                     const DecodeOptions& options) {
  const int together = static_cast<int>(std::max<std::size_t>(pictures.size(), 1));
  const std::unique_ptr<CaptionStream> stream = this->stream(options, {together, together});
  for (std::size_t i = 0; i < pictures.size(); ++i) stream->add(i, std::move(pictures[i]));
  std::vector<std::vector<Caption>> captions(pictures.size());
  while (!stream->idle()) {
    for (StreamResult& result : stream->advance()) captions.at(result.image) = std::move(result.captions);
  }
  return captions;
}

}  // namespace caption
