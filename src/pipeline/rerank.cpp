#include "pipeline/rerank.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "embeddings/similarity.h"
#include "pipeline/encoding.h"

namespace caption {
namespace {

class RerankingScheduler : public CaptionScheduler {
 public:
  RerankingScheduler(std::unique_ptr<CaptionScheduler> inner, Similarity similarity, std::size_t kept)
      : inner_(std::move(inner), similarity.of_pictures),
        of_texts_(std::move(similarity.of_texts)),
        kept_(kept) {}

  std::size_t room() const override { return inner_.room(); }

  void add(std::size_t number, Picture picture) override { inner_.add(number, std::move(picture)); }

  bool idle() const override { return inner_.idle(); }

  std::vector<ScheduledCaptions> advance() override {
    std::vector<ScheduledCaptions> results;
    for (EncodedCaptions& found : inner_.advance()) {
      order(found.embedding, found.scheduled.captions);
      results.push_back(std::move(found.scheduled));
    }
    return results;
  }

 private:
  void order(const std::vector<float>& picture, std::vector<Caption>& captions) const {
    if (captions.empty()) return;
    std::vector<std::string> texts;
    for (const Caption& caption : captions) texts.push_back(caption.text);
    const TextEmbeddings found = of_texts_(texts);
    const auto width = static_cast<std::size_t>(found.embeddings.width);
    for (std::size_t i = 0; i < captions.size(); ++i) {
      captions[i].similarity = cosine(picture, std::span(found.embeddings.values).subspan(i * width, width));
    }
    std::stable_sort(captions.begin(), captions.end(),
                     [](const Caption& a, const Caption& b) { return *a.similarity > *b.similarity; });
    if (captions.size() > kept_) captions.resize(kept_);
  }

  EncodingScheduler inner_;
  std::function<TextEmbeddings(std::span<const std::string>)> of_texts_;
  std::size_t kept_;
};

}  // namespace

std::unique_ptr<CaptionScheduler> make_reranking(std::unique_ptr<CaptionScheduler> inner,
                                                 Similarity similarity, std::size_t kept) {
  return std::make_unique<RerankingScheduler>(std::move(inner), std::move(similarity), kept);
}

}  // namespace caption
