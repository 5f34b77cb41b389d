#pragma once

#include <functional>
#include <memory>

#include "caption/captioner.h"
#include "decode/searches.h"

namespace caption {

/// Searches whose images are pictures.
class PictureSearches : public ImageSearches {
 public:
  /// Takes the next image. Images join in this order, as many at a step as it is told.
  virtual void add(Picture picture) = 0;
};

/// What becomes of a picture's sequences, best first.
using Describe = std::function<std::vector<Caption>(std::vector<Hypothesis>)>;

/// What is searched for, and among how many images at a time.
struct SearchTask {
  StopRule stop;
  Wording wording;
  DecodeOptions decode;  ///< max_tokens at least 1
  BatchSizes sizes;
};

/// Throws Error(usage) for sizes outside their bounds.
void validate(const BatchSizes& sizes);

/// A scheduler over `searches`, which have room for sizes.decode_batch images. Throws Error(usage) for sizes
/// outside their bounds; `advance` throws what `searches` throw.
std::unique_ptr<CaptionScheduler> make_scheduler(std::unique_ptr<PictureSearches> searches, Describe describe,
                                                 const BatchSizes& sizes);

}  // namespace caption
