#include "model/published.h"

#include <gtest/gtest.h>

namespace caption {
namespace {

TEST(Published, EveryModelHasItsClip) {
  for (const PublishedModel& model : published_models()) {
    EXPECT_EQ(clip_of(model).file, model.clip);
    EXPECT_EQ(find_published_model(model.name), &model);
  }
  EXPECT_EQ(find_published_model("demo"), nullptr);
}

TEST(Published, ClipsAreFoundByTheirHash) {
  for (const PublishedClip& clip : published_clips()) {
    EXPECT_EQ(clip.sha256.size(), 64U);
    EXPECT_EQ(find_published_clip(clip.sha256), &clip);
  }
  EXPECT_EQ(find_published_clip(std::string(64, '0')), nullptr);
}

}  // namespace
}  // namespace caption
