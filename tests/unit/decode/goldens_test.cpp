#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "beam_goldens.h"

namespace caption {
namespace {

void expect_equal(const std::vector<Hypothesis>& actual, const std::vector<Hypothesis>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    EXPECT_EQ(actual[i].tokens, expected[i].tokens) << "hypothesis " << i;
    EXPECT_NEAR(actual[i].score, expected[i].score, 2e-6 * (1 - expected[i].score)) << "hypothesis " << i;
  }
}

TEST(BeamGoldens, EqualTheReference) {
  auto cases = read_cases();
  ASSERT_EQ(cases.size(), 12U);
  for (Case& golden : cases) {
    for (const Expected& expected : golden.expected) {
      DecodeOptions options = golden.options;
      options.beam = options.n_best = expected.beam;
      const auto actual = search(golden.model, golden.stop, options);
      ASSERT_EQ(actual.size(), expected.images.size());
      for (std::size_t image = 0; image < actual.size(); ++image) {
        SCOPED_TRACE(golden.name + ", beam " + std::to_string(expected.beam) + ", image " +
                     std::to_string(image));
        expect_equal(actual[image], expected.images[image]);
      }
    }
  }
}

TEST(BeamGoldens, AreTheSameForEachImageAlone) {
  for (Case& golden : read_cases()) {
    for (const Expected& expected : golden.expected) {
      DecodeOptions options = golden.options;
      options.beam = options.n_best = expected.beam;
      const auto together = search(golden.model, golden.stop, options);
      for (std::size_t image = 0; image < together.size(); ++image) {
        TableModel alone = golden.model.only(image);
        EXPECT_EQ(search(alone, golden.stop, options)[0], together[image]) << golden.name;
      }
    }
  }
}

TEST(BeamGoldens, WidthOneIsArgmax) {
  for (Case& golden : read_cases()) {
    DecodeOptions options = golden.options;
    options.beam = 1;
    const auto results = search(golden.model, golden.stop, options);
    for (std::size_t image = 0; image < results.size(); ++image) {
      std::vector<std::int32_t> expected;
      for (int position = 0; position < options.max_tokens; ++position) {
        const auto previous = expected.empty() ? 0U : static_cast<std::size_t>(expected.back());
        const auto logits = golden.model.at(image, static_cast<std::size_t>(position), previous);
        expected.push_back(
            static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin()));
        if (golden.stop.is_stop_token(expected.back())) break;
      }
      EXPECT_EQ(results[image][0].tokens, expected) << golden.name;
    }
  }
}

}  // namespace
}  // namespace caption
