#include "pipeline/plain.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/picture.h"

namespace caption {
namespace {

float embedding_of(const Picture& picture) {
  return std::get<EncodedImage>(picture.image->content).embedding.front();
}

/// Says of a picture what its embedding is, behind some words, and is unsure of those below 0. Has places for
/// so many, and is done with one of them at a time.
class Saying : public CaptionScheduler {
 public:
  Saying(std::string said, std::size_t places) : words_(std::move(said)), places_(places) {}
  std::size_t room() const override { return places_ - pictures_.size(); }
  void add(std::size_t number, Picture picture) override { pictures_.emplace(number, std::move(picture)); }
  bool idle() const override { return pictures_.empty(); }
  std::vector<ScheduledCaptions> advance() override {
    const float value = embedding_of(pictures_.begin()->second);
    std::vector<ScheduledCaptions> results(1);
    results[0].image = pictures_.begin()->first;
    results[0].captions.push_back(
        {.text = words_ + std::to_string(static_cast<int>(value)), .unsure = value < 0});
    pictures_.erase(pictures_.begin());
    return results;
  }

 private:
  std::string words_;
  std::size_t places_;
  std::map<std::size_t, Picture> pictures_;
};

class Plain : public ::testing::Test {
 protected:
  std::unique_ptr<CaptionScheduler> scheduler(std::size_t places, std::size_t most) {
    return make_plain(
        std::make_unique<Saying>("all of ", 4), std::make_unique<Saying>("some ", places),
        [this](std::span<const Picture> pictures) {
          Embeddings found{1, {}};
          for (const Picture& picture : pictures)
            found.values.push_back(std::get<Pixels>(picture.image->content).values.front());
          encoded_ += pictures.size();
          return found;
        },
        most);
  }

  static Picture picture(float pixel) {
    Pixels pixels;
    pixels.values = {pixel};
    return ready_picture(std::move(pixels));
  }

  /// What is said of the pictures, whose numbers are 10, 11 and so on.
  static std::map<std::size_t, Caption> said_of(CaptionScheduler& scheduler,
                                                const std::vector<float>& pixels) {
    std::map<std::size_t, Caption> said;
    std::size_t added = 0;
    for (int step = 0; step < 100 && (added < pixels.size() || !scheduler.idle()); ++step) {
      for (; added < pixels.size() && scheduler.room() > 0; ++added)
        scheduler.add(10 + added, picture(pixels[added]));
      for (ScheduledCaptions& found : scheduler.advance())
        said.emplace(found.image, std::move(found.captions.at(0)));
    }
    EXPECT_TRUE(scheduler.idle());
    return said;
  }

  std::size_t encoded_ = 0;
};

TEST_F(Plain, SaysLessOfThoseAloneThatAreUnsureAndKeepsTheGuess) {
  const auto captions = scheduler(2, 4);
  const auto said = said_of(*captions, {3, -4, 5});
  ASSERT_EQ(said.size(), 3U);
  EXPECT_EQ(said.at(10).text, "all of 3");
  EXPECT_FALSE(said.at(10).unsure);
  EXPECT_FALSE(said.at(10).guess);
  EXPECT_EQ(said.at(11).text, "some -4");
  EXPECT_TRUE(said.at(11).unsure);
  EXPECT_EQ(said.at(11).guess, "all of -4");
  EXPECT_EQ(said.at(12).text, "all of 5");
}

TEST_F(Plain, EncodesEachPictureOnceAndLosesNoneWhereManyAreUnsure) {
  const auto captions = scheduler(1, 2);
  const std::vector<float> pixels(20, -1);
  EXPECT_EQ(said_of(*captions, pixels).size(), 20U);
  EXPECT_EQ(encoded_, 20U);
}

TEST_F(Plain, AdmitsNoMoreWhileAsManyWaitAsMay) {
  const auto captions = make_plain(
      std::make_unique<Saying>("all of ", 4), std::make_unique<Saying>("some ", 0),
      [](std::span<const Picture> pictures) {
        return Embeddings{1, std::vector<float>(pictures.size(), -1.0F)};
      },
      2);
  for (int i = 0; i < 4; ++i) captions->add(static_cast<std::size_t>(i), picture(0));
  captions->advance();
  EXPECT_EQ(captions->room(), 1U);
  captions->advance();
  EXPECT_EQ(captions->room(), 0U);
  EXPECT_FALSE(captions->idle());
}

}  // namespace
}  // namespace caption
