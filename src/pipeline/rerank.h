#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "caption/captioner.h"

namespace caption {

/// What the captions of a picture are compared by: Captioner::embed, Captioner::embed_texts.
struct Similarity {
  std::function<Embeddings(std::span<const Picture>)> of_pictures;
  std::function<TextEmbeddings(std::span<const std::string>)> of_texts;
};

/// A scheduler whose images have their `kept` captions that are the most similar to them, of those that
/// `inner` finds. Pictures go through the encoder once: `inner` gets their embeddings.
std::unique_ptr<CaptionScheduler> make_reranking(std::unique_ptr<CaptionScheduler> inner,
                                                 Similarity similarity, std::size_t kept);

}  // namespace caption
