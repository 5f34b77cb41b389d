#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "caption/captioner.h"
#include "pipeline/picture.h"

namespace caption {

/// Captions of an image, and what the encoder made of it.
struct EncodedCaptions {
  ScheduledCaptions scheduled;
  std::vector<float> embedding;  ///< [D]
};

/// Encodes pictures, those together that were added between two steps, before a scheduler gets them, and
/// keeps their embeddings until they have their captions.
class EncodingScheduler {
 public:
  /// `embed`: Captioner::embed
  EncodingScheduler(std::unique_ptr<CaptionScheduler> inner,
                    std::function<Embeddings(std::span<const Picture>)> embed);

  std::size_t room() const;
  void add(std::size_t number, Picture picture);
  bool idle() const { return pictures_.empty() && inner_->idle(); }
  std::vector<EncodedCaptions> advance();

 private:
  void pass_on();

  std::unique_ptr<CaptionScheduler> inner_;
  std::function<Embeddings(std::span<const Picture>)> embed_;
  std::vector<std::size_t> numbers_;  // of the pictures that wait for the encoder
  std::vector<Picture> pictures_;
  std::map<std::size_t, std::vector<float>> embeddings_;  // of those inside, by number
};

}  // namespace caption
