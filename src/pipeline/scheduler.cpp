#include "pipeline/scheduler.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "caption/error.h"

namespace caption {
namespace {

void require_size(const char* name, int value) {
  if (value >= 1 && value <= kMostImagesTogether) return;
  throw Error(ErrorKind::usage, std::string(name) + " is " + std::to_string(value) + ": it must be in [1, " +
                                    std::to_string(kMostImagesTogether) + "]");
}

class Scheduler : public CaptionScheduler {
 public:
  Scheduler(std::unique_ptr<PictureSearches> searches, Describe describe, const BatchSizes& sizes)
      : searches_(std::move(searches)),
        describe_(std::move(describe)),
        decode_batch_(static_cast<std::size_t>(sizes.decode_batch)),
        encode_batch_(std::min(static_cast<std::size_t>(sizes.encode_batch), decode_batch_)) {}

  /// Those in the decoder and one batch for the encoder.
  std::size_t room() const override {
    const std::size_t held = waiting_ + searches_->running();
    const std::size_t most = decode_batch_ + encode_batch_;
    return std::min(most - held, encode_batch_ - std::min(encode_batch_, waiting_));
  }

  void add(std::size_t number, Picture picture) override {
    if (room() == 0) throw Error(ErrorKind::internal, "an image was added to a full scheduler");
    numbers_.emplace(joined_ + waiting_, number);
    searches_->add(std::move(picture));
    ++waiting_;
  }

  bool idle() const override { return numbers_.empty(); }

  std::vector<ScheduledCaptions> advance() override {
    const std::size_t joining = count_to_join();
    waiting_ -= joining;
    joined_ += joining;
    std::vector<ScheduledCaptions> results;
    for (Found& found : searches_->advance(joining)) {
      ScheduledCaptions& result = results.emplace_back();
      result.image = numbers_.extract(found.image).mapped();
      result.captions = describe_(std::move(found.hypotheses));
    }
    return results;
  }

 private:
  /// How many of the waiting images join now. A pass reads all weights, whatever the number of its rows: so a
  /// few images join early while few are running, and else a whole encoder's batch is waited for.
  std::size_t count_to_join() const {
    const std::size_t running = searches_->running();
    const std::size_t most = std::min({waiting_, encode_batch_, decode_batch_ - running});
    return most >= std::min(encode_batch_, running) ? most : 0;
  }

  std::unique_ptr<PictureSearches> searches_;
  Describe describe_;
  std::size_t decode_batch_;
  std::size_t encode_batch_;
  std::size_t waiting_ = 0;  // added, not joined
  std::size_t joined_ = 0;
  std::map<std::size_t, std::size_t> numbers_;  // by place in the order of joining
};

}  // namespace

void validate(const BatchSizes& sizes) {
  require_size("the number of captions written together", sizes.decode_batch);
  require_size("the number of images encoded together", sizes.encode_batch);
}

std::unique_ptr<CaptionScheduler> make_scheduler(std::unique_ptr<PictureSearches> searches, Describe describe,
                                                 const BatchSizes& sizes) {
  validate(sizes);
  return std::make_unique<Scheduler>(std::move(searches), std::move(describe), sizes);
}

}  // namespace caption
