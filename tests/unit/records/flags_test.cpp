#include "records/flags.h"

#include <gtest/gtest.h>

#include "records/json.h"

namespace caption {
namespace {

using Words = std::vector<std::string>;

Record record_of(const Caption& caption, bool truncated = false) {
  Record record;
  record.image = "a.jpg";
  record.captions = {caption};
  record.truncated = truncated;
  return record;
}

Caption caption_of(const std::string& text) {
  Caption caption;
  caption.text = text;
  caption.finish = Finish::stop;
  return caption;
}

TEST(Flags, AreOfTheCaptionAndOfItsPicture) {
  Caption caption = caption_of("a cat");
  EXPECT_EQ(flags_of(record_of(caption), caption), Words{});
  EXPECT_EQ(flags_of(record_of(caption, true), caption), Words{"truncated"});
  Record raw = record_of(caption);
  raw.preview = true;
  EXPECT_EQ(flags_of(raw, caption), Words{"preview"});
  EXPECT_FALSE(is_doubtful(raw));
  caption.repetition = true;
  EXPECT_EQ(flags_of(caption), Words{"repetition"});
  EXPECT_EQ(flags_of(record_of(caption, true), caption), (Words{"repetition", "truncated"}));
}

TEST(Flags, DoubtfulIsWhatIsEmptyUnsureCutOrHasOne) {
  EXPECT_FALSE(is_doubtful(record_of(caption_of("a cat"))));
  EXPECT_TRUE(is_doubtful(record_of(caption_of(""))));
  EXPECT_TRUE(is_doubtful(record_of(caption_of("a cat"), true)));
  Caption caption = caption_of("a cat");
  caption.unsure = true;
  EXPECT_TRUE(is_doubtful(record_of(caption)));
  caption.unsure = false;
  caption.finish = Finish::length;
  EXPECT_TRUE(is_doubtful(record_of(caption)));
  caption.finish = Finish::stop;
  caption.repetition = true;
  EXPECT_TRUE(is_doubtful(record_of(caption)));
  Record failed;
  failed.error = Error(ErrorKind::corrupt, "a.jpg: no");
  EXPECT_FALSE(is_doubtful(failed));
}

TEST(Flags, ATextThatWasGivenDidNotEnd) {
  Caption caption = caption_of("a cat");
  EXPECT_EQ(finish_word(caption), "stop");
  caption.finish.reset();
  EXPECT_EQ(finish_word(caption), "");
  EXPECT_FALSE(caption_json(caption).contains("finish"));
}

}  // namespace
}  // namespace caption
