#include "pipeline/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>

#include "caption/error.h"
#include "pipeline/picture.h"

namespace caption {
namespace {

/// Counts: an image with the value n is captioned with n tokens "0" and the stop token "1".
class CountingModel : public StepFunction {
 public:
  void add(std::span<const Picture> pictures) {
    batches.push_back(pictures.size());
    for (const Picture& picture : pictures)
      waiting_.push_back(static_cast<int>(std::get<Pixels>(picture.image->content).values.at(0)));
  }

  Logits step(std::span<const std::int32_t> tokens, std::span<const std::int32_t> parents,
              std::size_t joining) override {
    EXPECT_EQ(joining, waiting_.size());
    std::vector<int> left;
    for (std::size_t r = 0; r < tokens.size(); ++r)
      left.push_back(left_.at(static_cast<std::size_t>(parents[r])) - 1);
    left.insert(left.end(), waiting_.begin(), waiting_.end());
    waiting_.clear();
    left_ = std::move(left);
    most_rows = std::max(most_rows, left_.size());
    logits_.clear();
    for (const int count : left_)
      logits_.insert(logits_.end(), {count > 0 ? 5.0F : 0.0F, count > 0 ? 0.0F : 5.0F});
    return {logits_, left_.size(), 2};
  }

  std::vector<std::size_t> batches;
  std::size_t most_rows = 0;

 private:
  std::vector<int> waiting_;
  std::vector<int> left_;
  std::vector<float> logits_;
};

/// The searches over it.
class CountingSearches : public PictureSearches {
 public:
  explicit CountingSearches(CountingModel& model)
      : model_(model), searches_(model, {1}, {.beam = 1, .max_tokens = 50}) {}

  void add(Picture picture) override { waiting_.push_back(std::move(picture)); }
  std::vector<Found> advance(std::size_t joining) override {
    if (joining > 0) model_.add(std::span(waiting_).first(joining));
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(joining));
    return searches_.advance(joining);
  }
  std::size_t running() const override { return searches_.running(); }

 private:
  CountingModel& model_;
  Searches searches_;
  std::vector<Picture> waiting_;
};

Picture image_of(int count) {
  return ready_picture(Pixels{1, {static_cast<float>(count)}});
}

struct Fixture {
  explicit Fixture(const BatchSizes& sizes) {
    const Describe describe = [](std::vector<Hypothesis> found) {
      std::vector<Caption> captions;
      for (Hypothesis& hypothesis : found)
        captions.push_back({"", std::move(hypothesis.tokens), hypothesis.score, 0});
      return captions;
    };
    scheduler = make_scheduler(std::make_unique<CountingSearches>(*model), describe, sizes);
  }

  std::unique_ptr<CountingModel> model = std::make_unique<CountingModel>();
  std::unique_ptr<CaptionScheduler> scheduler;
};

TEST(Stream, EveryImageGetsItsOwnCaptionUnderItsNumber) {
  Fixture f({.encode_batch = 3, .decode_batch = 5});
  std::set<std::size_t> seen;
  std::size_t next = 0;
  std::size_t most_held = 0;
  while (seen.size() < 40) {
    for (; next < 40 && f.scheduler->room() > 0; ++next)
      f.scheduler->add(100 + next, image_of(static_cast<int>(next * 7 % 11)));
    most_held = std::max(most_held, next - seen.size());
    for (const ScheduledCaptions& result : f.scheduler->advance()) {
      EXPECT_TRUE(seen.insert(result.image).second);
      EXPECT_EQ(result.captions.at(0).tokens.size(), (result.image - 100) * 7 % 11 + 1);
    }
  }
  EXPECT_TRUE(f.scheduler->idle());
  EXPECT_LE(f.model->most_rows, 5U);
  EXPECT_LE(most_held, 8U);
  for (const std::size_t batch : f.model->batches) EXPECT_LE(batch, 3U);
}

TEST(Stream, AShortCaptionDoesNotWaitForALongOne) {
  Fixture f({.encode_batch = 2, .decode_batch = 2});
  f.scheduler->add(0, image_of(30));
  f.scheduler->add(1, image_of(1));
  std::vector<std::size_t> order;
  for (int pass = 0; order.size() < 4; ++pass) {
    if (f.scheduler->room() > 0 && pass < 10)
      f.scheduler->add(static_cast<std::size_t>(pass) + 10, image_of(2));
    for (const ScheduledCaptions& result : f.scheduler->advance()) order.push_back(result.image);
    ASSERT_LT(pass, 40);
  }
  EXPECT_EQ(order.front(), 1U);
  EXPECT_EQ(std::count(order.begin(), order.end(), 0U), 0)
      << "the long one came before others that were shorter";
}

TEST(Stream, AFewJoinAtOnceWhileFewAreRunning) {
  Fixture f({.encode_batch = 4, .decode_batch = 8});
  f.scheduler->add(0, image_of(20));
  f.scheduler->advance();
  f.scheduler->add(1, image_of(20));
  f.scheduler->advance();
  f.scheduler->add(2, image_of(20));
  f.scheduler->advance();  // waits for a second one
  f.scheduler->add(3, image_of(20));
  f.scheduler->advance();
  EXPECT_EQ(f.model->batches, (std::vector<std::size_t>{1, 1, 2}));
}

TEST(Stream, RefusesSizesOutsideTheBounds) {
  EXPECT_THROW(Fixture({.encode_batch = 0, .decode_batch = 1}), Error);
  EXPECT_THROW(Fixture({.encode_batch = 1, .decode_batch = kMostImagesTogether + 1}), Error);
  Fixture f({.encode_batch = 1, .decode_batch = 1});
  f.scheduler->add(0, image_of(3));
  EXPECT_EQ(f.scheduler->room(), 0U);
  EXPECT_THROW(f.scheduler->add(1, image_of(3)), Error);
}

}  // namespace
}  // namespace caption
