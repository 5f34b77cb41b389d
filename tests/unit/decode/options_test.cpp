#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "caption/error.h"
#include "decode/search.h"

namespace caption {
namespace {

template <typename Change>
std::string failure(Change change) {
  DecodeOptions options;
  change(options);
  try {
    validate(options);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "";
}

TEST(DecodeOptions, TheDefaultsAreValid) {
  EXPECT_NO_THROW(validate(DecodeOptions{}));
}

TEST(DecodeOptions, TheBoundsAreValid) {
  EXPECT_EQ(failure([](auto& o) { o.beam = o.n_best = 1; }), "");
  EXPECT_EQ(failure([](auto& o) { o.beam = o.n_best = kMostHypotheses; }), "");
  EXPECT_EQ(failure([](auto& o) { o.sample = true, o.beam = 1, o.n_best = kMostHypotheses; }), "");
  EXPECT_EQ(failure([](auto& o) { o.max_tokens = 0; }), "");
  EXPECT_EQ(failure([](auto& o) { o.max_tokens = std::numeric_limits<int>::max(); }), "");
  EXPECT_EQ(failure([](auto& o) { o.min_tokens = 9; }), "");  // the model's own maximum may be above it
  EXPECT_EQ(failure([](auto& o) { o.max_tokens = o.min_tokens = 9; }), "");
  EXPECT_EQ(failure([](auto& o) { o.stop.assign(kMostStopTexts, "text"); }), "");
  EXPECT_EQ(failure([](auto& o) { o.top_k = std::numeric_limits<int>::max(); }), "");
  EXPECT_EQ(failure([](auto& o) { o.temperature = kLowestTemperature; }), "");
  EXPECT_EQ(failure([](auto& o) { o.length_penalty = 0; }), "");
  EXPECT_EQ(failure([](auto& o) { o.top_p = 1e-9; }), "");
  EXPECT_EQ(failure([](auto& o) { o.repetition_penalty = 1e-9; }), "");
  EXPECT_EQ(failure([](auto& o) { o.repetition_penalty = kHighestRepetitionPenalty; }), "");
  EXPECT_EQ(failure([](auto& o) { o.banned.assign(kMostBannedTexts, "cat"); }), "");
  EXPECT_EQ(failure([](auto& o) { o.required.assign(kMostRequiredTexts, "cat"), o.beam = 2; }), "");
  EXPECT_EQ(failure([](auto& o) { o.beam_groups = 5; }), "");
}

TEST(DecodeOptions, AnInvalidOneIsNamedWithItsRange) {
  EXPECT_EQ(failure([](auto& o) { o.beam = 0; }), "the beam width is 0: it must be in [1, 1000]");
  EXPECT_EQ(failure([](auto& o) { o.beam = 1001; }), "the beam width is 1001: it must be in [1, 1000]");
  EXPECT_EQ(failure([](auto& o) { o.n_best = 0; }), "n-best is 0: it must be in [1, 1000]");
  EXPECT_EQ(failure([](auto& o) { o.n_best = 6; }),
            "n-best is 6: without sampling it can be at most the beam width, 5");
  EXPECT_EQ(failure([](auto& o) { o.max_tokens = -1; }),
            "the maximum of tokens is -1: it must be at least 0");
  EXPECT_EQ(failure([](auto& o) { o.no_repeat_ngram = 0; }), "");
  EXPECT_EQ(failure([](auto& o) { o.no_repeat_ngram = -1; }),
            "the length of what cannot come twice is -1: it must be at least 0");
  EXPECT_EQ(failure([](auto& o) { o.min_tokens = -1; }),
            "the minimum of tokens is -1: it must be at least 0");
  EXPECT_EQ(failure([](auto& o) { o.max_tokens = 5, o.min_tokens = 6; }),
            "the minimum of tokens is 6: it can be at most the maximum, 5");
  EXPECT_EQ(failure([](auto& o) { o.stop = {""}; }),
            "stop text 1 is empty: it would end every caption at once");
  EXPECT_EQ(failure([](auto& o) { o.temperature = 0; }), "the temperature is 0: it must be in [0.001, 1000]");
  EXPECT_EQ(failure([](auto& o) { o.temperature = NAN; }),
            "the temperature is nan: it must be in [0.001, 1000]");
  EXPECT_EQ(failure([](auto& o) { o.top_k = -1; }), "top-k is -1: it must be at least 0");
  EXPECT_EQ(failure([](auto& o) { o.top_p = 0; }), "top-p is 0: it must be above 0 and at most 1");
  EXPECT_EQ(failure([](auto& o) { o.top_p = 1.5; }), "top-p is 1.5: it must be above 0 and at most 1");
  EXPECT_EQ(failure([](auto& o) { o.top_p = NAN; }), "top-p is nan: it must be above 0 and at most 1");
  EXPECT_EQ(failure([](auto& o) { o.length_penalty = -0.5; }),
            "the length penalty is -0.5: it must be in [0, 10]");
  EXPECT_EQ(failure([](auto& o) { o.repetition_penalty = 0; }),
            "the repetition penalty is 0: it must be above 0 and at most 100");
  EXPECT_EQ(failure([](auto& o) { o.banned = {"a", " "}; }), "banned text 2 is empty");
  EXPECT_EQ(failure([](auto& o) { o.required = {"\xff"}; }), "required text 1 is not UTF-8");
  EXPECT_EQ(failure([](auto& o) { o.required = {"a"}, o.beam = 1; }),
            "required words are searched for by a beam of at least 2, and not in samples");
  EXPECT_EQ(failure([](auto& o) { o.beam_groups = 2; }),
            "a beam of 5 cannot be divided into 2 groups evenly");
  EXPECT_EQ(failure([](auto& o) { o.past_stop = true, o.min_tokens = 3; }),
            "a minimum of tokens holds back the stop token, which does not end captions that go past it");
}

}  // namespace
}  // namespace caption
