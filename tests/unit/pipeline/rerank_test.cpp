#include "pipeline/rerank.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "pipeline/picture.h"

namespace caption {
namespace {

/// Gives each picture the same captions, "a", "b", "c" and "d", when it is told to advance; takes three.
class Inner : public CaptionScheduler {
 public:
  explicit Inner(std::vector<Picture>& taken) : taken_(taken) {}
  std::size_t room() const override { return 3 - numbers_.size(); }
  void add(std::size_t number, Picture picture) override {
    numbers_.push_back(number);
    taken_.push_back(std::move(picture));
  }
  bool idle() const override { return numbers_.empty(); }
  std::vector<ScheduledCaptions> advance() override {
    std::vector<ScheduledCaptions> results;
    for (const std::size_t number : std::exchange(numbers_, {})) {
      ScheduledCaptions& result = results.emplace_back();
      result.image = number;
      for (const char* text : {"a", "b", "c", "d"}) result.captions.push_back({.text = text});
    }
    return results;
  }

 private:
  std::vector<Picture>& taken_;
  std::vector<std::size_t> numbers_;
};

/// Of pictures: (1, their first pixel); of texts: "a" (1, 0), "b" (0, 1), all others (1, 1).
class Rerank : public ::testing::Test {
 protected:
  std::unique_ptr<CaptionScheduler> scheduler(std::size_t kept) {
    return make_reranking(
        std::make_unique<Inner>(taken_),
        {.of_pictures =
             [this](std::span<const Picture> pictures) {
               passes_.push_back(pictures.size());
               Embeddings found{2, {}};
               for (const Picture& picture : pictures) {
                 found.values.push_back(1);
                 found.values.push_back(std::get<Pixels>(picture.image->content).values.front());
               }
               return found;
             },
         .of_texts =
             [](std::span<const std::string> texts) {
               TextEmbeddings found{{2, {}}, {}};
               for (const std::string& text : texts) {
                 found.embeddings.values.push_back(text == "b" ? 0 : 1);
                 found.embeddings.values.push_back(text == "a" ? 0 : 1);
               }
               return found;
             }},
        kept);
  }

  static Picture picture(float pixel) {
    Pixels pixels;
    pixels.values = {pixel};
    return ready_picture(std::move(pixels));
  }

  static std::string texts_of(const ScheduledCaptions& result) {
    std::string all;
    for (const Caption& caption : result.captions) all += caption.text;
    return all;
  }

  std::vector<Picture> taken_;
  std::vector<std::size_t> passes_;
};

TEST_F(Rerank, OrdersByCosinesAndKeepsTheOrderOfEqualOnes) {
  const auto captions = scheduler(4);
  captions->add(7, picture(0));
  captions->add(8, picture(9));
  captions->add(9, picture(1));
  const std::vector<ScheduledCaptions> results = captions->advance();
  ASSERT_EQ(results.size(), 3U);
  EXPECT_EQ(texts_of(results[0]), "acdb");
  EXPECT_EQ(texts_of(results[1]), "bcda");
  EXPECT_EQ(texts_of(results[2]), "cdab");
  EXPECT_DOUBLE_EQ(*results[0].captions[0].similarity, 1);
  EXPECT_DOUBLE_EQ(*results[0].captions[3].similarity, 0);
  EXPECT_TRUE(captions->idle());
}

TEST_F(Rerank, KeepsTheBest) {
  const auto captions = scheduler(1);
  captions->add(0, picture(9));
  EXPECT_EQ(texts_of(captions->advance().at(0)), "b");
}

TEST_F(Rerank, EncodesOnceAndTogetherAndHandsTheEmbeddingsOn) {
  const auto captions = scheduler(1);
  EXPECT_EQ(captions->room(), 3U);
  captions->add(0, picture(2));
  captions->add(1, picture(3));
  EXPECT_EQ(captions->room(), 1U);
  EXPECT_FALSE(captions->idle());
  captions->advance();
  EXPECT_EQ(passes_, std::vector<std::size_t>{2});
  ASSERT_EQ(taken_.size(), 2U);
  EXPECT_EQ(std::get<EncodedImage>(taken_[1].image->content).embedding, (std::vector<float>{1, 3}));
}

}  // namespace
}  // namespace caption
