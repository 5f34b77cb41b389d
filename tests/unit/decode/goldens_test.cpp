#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include "table_model.h"

namespace caption {
namespace {

struct Expected {
  int beam = 0;
  std::vector<std::vector<Hypothesis>> images;
};

struct Case {
  std::string name;
  TableModel model;
  StopRule stop;
  DecodeOptions options;
  std::vector<Expected> expected;
};

/// The next line's words; the file's format is described in scripts/make_decode_goldens.py.
std::istringstream words(std::istream& file) {
  std::string line;
  if (!std::getline(file, line)) throw std::runtime_error("goldens end too early");
  return std::istringstream(line);
}

Hypothesis read_hypothesis(std::istream& file) {
  auto line = words(file);
  Hypothesis hypothesis;
  line >> hypothesis.score;
  for (std::int32_t token; line >> token;) hypothesis.tokens.push_back(token);
  return hypothesis;
}

std::vector<float> read_numbers(std::istream& file, std::size_t lines) {
  std::vector<float> numbers;
  for (std::size_t i = 0; i < lines; ++i) {
    auto line = words(file);
    for (std::string word; line >> word;) numbers.push_back(std::stof(word));
  }
  return numbers;
}

Case read_case(std::istream& file, const std::string& name) {
  std::string word;
  std::size_t images, vocabulary, positions;
  std::int32_t stop = 0;
  DecodeOptions options;
  words(file) >> word >> images >> word >> vocabulary >> word >> positions >> word >> stop >> word >>
      options.max_tokens >> word >> options.temperature;
  const auto values = read_numbers(file, images * positions * vocabulary);
  const auto offsets = read_numbers(file, static_cast<std::size_t>(options.max_tokens));
  std::vector<Expected> expected(4);
  for (Expected& result : expected) {
    words(file) >> word >> result.beam;
    result.images.resize(images);
    for (auto& hypotheses : result.images) {
      std::size_t image, count = 0;
      words(file) >> word >> image >> word >> count;
      for (std::size_t i = 0; i < count; ++i) hypotheses.push_back(read_hypothesis(file));
    }
  }
  return {
      name, TableModel(images, positions, vocabulary, values, offsets), {stop}, options, std::move(expected)};
}

std::vector<Case> read_cases() {
  std::ifstream file(CAPTION_TEST_DATA "/decode/beam.txt");
  std::vector<Case> cases;
  for (std::string word, name; file >> word >> name;) {
    file.ignore();
    cases.push_back(read_case(file, name));
  }
  return cases;
}

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
        if (expected.back() == golden.stop.token) break;
      }
      EXPECT_EQ(results[image][0].tokens, expected) << golden.name;
    }
  }
}

}  // namespace
}  // namespace caption
