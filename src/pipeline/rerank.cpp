#include "pipeline/rerank.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "embeddings/similarity.h"
#include "pipeline/picture.h"

namespace caption {
namespace {

class RerankingScheduler : public CaptionScheduler {
 public:
  RerankingScheduler(std::unique_ptr<CaptionScheduler> inner, Similarity similarity, std::size_t kept)
      : inner_(std::move(inner)), similarity_(std::move(similarity)), kept_(kept) {}

  std::size_t room() const override { return inner_->room() - std::min(inner_->room(), pictures_.size()); }

  void add(std::size_t number, Picture picture) override {
    numbers_.push_back(number);
    pictures_.push_back(std::move(picture));
  }

  bool idle() const override { return pictures_.empty() && inner_->idle(); }

  std::vector<ScheduledCaptions> advance() override {
    pass_on();
    std::vector<ScheduledCaptions> results = inner_->advance();
    for (ScheduledCaptions& result : results)
      order(embeddings_.extract(result.image).mapped(), result.captions);
    return results;
  }

 private:
  void pass_on() {
    if (pictures_.empty()) return;
    const Embeddings found = similarity_.of_pictures(pictures_);
    const auto width = static_cast<std::size_t>(found.width);
    for (std::size_t i = 0; i < numbers_.size(); ++i) {
      const auto row = std::span(found.values).subspan(i * width, width);
      const std::vector<float> embedding(row.begin(), row.end());
      embeddings_.emplace(numbers_[i], embedding);
      inner_->add(numbers_[i], encoded_picture(embedding));
    }
    numbers_.clear();
    pictures_.clear();
  }

  void order(const std::vector<float>& picture, std::vector<Caption>& captions) const {
    if (captions.empty()) return;
    std::vector<std::string> texts;
    for (const Caption& caption : captions) texts.push_back(caption.text);
    const TextEmbeddings found = similarity_.of_texts(texts);
    const auto width = static_cast<std::size_t>(found.embeddings.width);
    for (std::size_t i = 0; i < captions.size(); ++i) {
      captions[i].similarity = cosine(picture, std::span(found.embeddings.values).subspan(i * width, width));
    }
    std::stable_sort(captions.begin(), captions.end(),
                     [](const Caption& a, const Caption& b) { return *a.similarity > *b.similarity; });
    if (captions.size() > kept_) captions.resize(kept_);
  }

  std::unique_ptr<CaptionScheduler> inner_;
  Similarity similarity_;
  std::size_t kept_;
  std::vector<std::size_t> numbers_;  // of the pictures that wait for the encoder
  std::vector<Picture> pictures_;
  std::map<std::size_t, std::vector<float>> embeddings_;  // of those inside, by number
};

}  // namespace

std::unique_ptr<CaptionScheduler> make_reranking(std::unique_ptr<CaptionScheduler> inner,
                                                 Similarity similarity, std::size_t kept) {
  return std::make_unique<RerankingScheduler>(std::move(inner), std::move(similarity), kept);
}

}  // namespace caption
