#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "decode/image_search.h"
#include "decode/logit_rows.h"
#include "decode/search.h"
#include "decode/wording.h"

namespace caption {

/// An image whose search has ended: its number, counted in the order of joining, and its hypotheses.
struct Found {
  std::size_t image;
  std::vector<Hypothesis> hypotheses;
};

/// Searches for the captions of many images over one model, pass by pass. Images join at any pass and leave
/// when all their sequences have ended, so that short captions do not wait for long ones. An image's result
/// does not depend on the others as long as its rows' logits do not.
class ImageSearches {
 public:
  virtual ~ImageSearches() = default;
  /// One pass of all images that are running, and of the model's next `joining` ones. -> those that have
  /// ended, in order of joining, each once. Without any image, does nothing. Throws Error(model) for logits
  /// that are NaN or plus infinity, Error(internal) for an answer of the wrong shape.
  virtual std::vector<Found> advance(std::size_t joining) = 0;
  /// Number of images that have joined and not ended.
  virtual std::size_t running() const = 0;
};

/// Searches on the CPU, on as many threads as `parallel_for` uses. An image is handed out by the pass that
/// ended it.
class Searches : public ImageSearches {
 public:
  /// Throws as require_searchable does.
  Searches(StepFunction& model, const StopRule& stop, const DecodeOptions& options, Wording wording = {});

  /// Also throws Error(model) for a stop token outside the vocabulary, and where no token can come but a
  /// stop token that is excluded.
  std::vector<Found> advance(std::size_t joining) override;
  std::size_t running() const override { return running_.size(); }

 private:
  struct Running {
    std::size_t image;
    int length;  ///< tokens so far
    std::unique_ptr<ImageSearch> search;
  };

  void extend_all();

  LogitRows rows_;
  StopRule stop_;
  Wording wording_;
  DecodeOptions options_;
  std::vector<Running> running_;
  std::size_t joined_ = 0;
  std::vector<std::int32_t> tokens_;   // scratch
  std::vector<std::int32_t> parents_;  // likewise
};

}  // namespace caption
