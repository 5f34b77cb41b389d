#include "pipeline/plain.h"

#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/encoding.h"

namespace caption {
namespace {

class PlainScheduler : public CaptionScheduler {
 public:
  PlainScheduler(std::unique_ptr<CaptionScheduler> detailed, std::unique_ptr<CaptionScheduler> plain,
                 std::function<Embeddings(std::span<const Picture>)> embed, std::size_t most)
      : detailed_(std::move(detailed), std::move(embed)), plain_(std::move(plain)), most_(most) {}

  std::size_t room() const override { return unsure_.size() < most_ ? detailed_.room() : 0; }

  void add(std::size_t number, Picture picture) override { detailed_.add(number, std::move(picture)); }

  bool idle() const override { return detailed_.idle() && unsure_.empty() && plain_->idle(); }

  std::vector<ScheduledCaptions> advance() override {
    std::vector<ScheduledCaptions> results;
    for (EncodedCaptions& found : detailed_.advance()) {
      std::vector<Caption>& captions = found.scheduled.captions;
      if (!captions.empty() && captions.front().unsure) {
        guesses_.emplace(found.scheduled.image, std::move(captions.front().text));
        unsure_.push_back({found.scheduled.image, std::move(found.embedding)});
      } else {
        results.push_back(std::move(found.scheduled));
      }
    }
    for (; !unsure_.empty() && plain_->room() > 0; unsure_.pop_front())
      plain_->add(unsure_.front().image, encoded_picture(std::move(unsure_.front().embedding)));
    if (plain_->idle()) return results;
    for (ScheduledCaptions& found : plain_->advance()) {
      for (Caption& caption : found.captions) {
        caption.unsure = true;
        caption.guess = guesses_.at(found.image);
      }
      guesses_.erase(found.image);
      results.push_back(std::move(found));
    }
    return results;
  }

 private:
  struct Waiting {
    std::size_t image;
    std::vector<float> embedding;
  };

  EncodingScheduler detailed_;
  std::unique_ptr<CaptionScheduler> plain_;
  std::size_t most_;
  std::deque<Waiting> unsure_;                  // not yet with `plain_`
  std::map<std::size_t, std::string> guesses_;  // of those and of the ones with `plain_`, by number
};

}  // namespace

std::unique_ptr<CaptionScheduler> make_plain(std::unique_ptr<CaptionScheduler> detailed,
                                             std::unique_ptr<CaptionScheduler> plain,
                                             std::function<Embeddings(std::span<const Picture>)> embed,
                                             std::size_t most) {
  return std::make_unique<PlainScheduler>(std::move(detailed), std::move(plain), std::move(embed), most);
}

}  // namespace caption
