#include "pipeline/encoding.h"

#include <algorithm>
#include <utility>

namespace caption {

EncodingScheduler::EncodingScheduler(std::unique_ptr<CaptionScheduler> inner,
                                     std::function<Embeddings(std::span<const Picture>)> embed)
    : inner_(std::move(inner)), embed_(std::move(embed)) {}

std::size_t EncodingScheduler::room() const {
  return inner_->room() - std::min(inner_->room(), pictures_.size());
}

void EncodingScheduler::add(std::size_t number, Picture picture) {
  numbers_.push_back(number);
  pictures_.push_back(std::move(picture));
}

std::vector<EncodedCaptions> EncodingScheduler::advance() {
  pass_on();
  std::vector<EncodedCaptions> results;
  if (inner_->idle()) return results;
  for (ScheduledCaptions& scheduled : inner_->advance()) {
    std::vector<float> embedding = embeddings_.extract(scheduled.image).mapped();
    results.push_back({std::move(scheduled), std::move(embedding)});
  }
  return results;
}

void EncodingScheduler::pass_on() {
  if (pictures_.empty()) return;
  const Embeddings found = embed_(pictures_);
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

}  // namespace caption
