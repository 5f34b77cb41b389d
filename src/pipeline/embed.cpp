#include "pipeline/embed.h"

#include <utility>
#include <vector>

#include "pipeline/readers.h"

namespace caption {

BatchSummary embed_all(Captioner& captioner, const InputSource& source, const EmbeddingSink& sink,
                       const BatchOptions& options, const std::atomic<bool>& interrupt) {
  BatchSummary summary;
  Readers readers(captioner, source, options, interrupt);
  const auto together = static_cast<std::size_t>(options.sizes.encode_batch);
  for (;;) {
    std::vector<Prepared> inputs = readers.take(together, true);
    if (inputs.empty()) break;
    std::vector<Picture> pictures;
    for (Prepared& input : inputs)
      if (!input.error) pictures.push_back(std::move(input.picture));
    const Embeddings embeddings = pictures.empty() ? Embeddings() : captioner.embed(pictures);
    const auto width = static_cast<std::size_t>(embeddings.width);
    std::span<const float> rest(embeddings.values);
    for (Prepared& input : inputs) {
      EmbeddedInput embedded{input.number, std::move(input.name), {}, std::move(input.error)};
      if (!embedded.error) {
        embedded.embedding = rest.first(width);
        rest = rest.subspan(width);
      }
      sink(embedded);
      ++(embedded.error ? summary.failed : summary.captioned);
    }
  }
  summary.interrupted = interrupt;
  return summary;
}

}  // namespace caption
