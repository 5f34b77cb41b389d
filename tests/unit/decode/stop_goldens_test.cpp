// Captions that transformers' generate() found with stop strings, a minimum of tokens, a stop token and
// sequences that cannot come twice, and the logits that led there: scripts/make_stop_goldens.py.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>

#include "decode/search.h"
#include "tiny_pieces.h"

namespace caption {
namespace {

using Ids = std::vector<std::int32_t>;

/// A model of one image that knows the logits behind some sequences; asked for others, it throws.
class KnownSequences : public StepFunction {
 public:
  std::map<Ids, std::vector<float>> logits;

  Logits step(std::span<const std::int32_t> tokens, std::span<const std::int32_t> parents,
              std::size_t joining) override {
    std::vector<Ids> rows;
    for (std::size_t r = 0; r < tokens.size(); ++r) {
      rows.push_back(rows_.at(static_cast<std::size_t>(parents[r])));
      rows.back().push_back(tokens[r]);
    }
    rows.resize(rows.size() + joining);
    rows_ = std::move(rows);
    answer_.clear();
    for (const Ids& row : rows_) {
      const std::vector<float>& known = logits.at(row);
      answer_.insert(answer_.end(), known.begin(), known.end());
    }
    return {answer_, rows_.size(), answer_.size() / rows_.size()};
  }

 private:
  std::vector<Ids> rows_;
  std::vector<float> answer_;
};

struct StopCase {
  std::string name;
  DecodeOptions options;
  std::optional<std::int32_t> stop;
  std::vector<std::string> vocabulary;
  std::vector<Hypothesis> captions;
  KnownSequences model;
};

std::istringstream line_of(std::istream& file) {
  std::string line;
  if (!std::getline(file, line)) throw std::runtime_error("goldens end too early");
  return std::istringstream(line);
}

std::string bytes_of_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

template <typename Number>
std::vector<Number> numbers(std::istream& line) {
  std::vector<Number> values;
  for (Number value; line >> value;) values.push_back(value);
  return values;
}

StopCase read_case(std::istream& file, const std::string& name) {
  StopCase read{.name = name};
  std::string word;
  int ngram = 0;
  std::int32_t stop = 0;
  std::size_t texts = 0;
  std::size_t captions = 0;
  std::size_t prefixes = 0;
  line_of(file) >> word >> read.options.beam >> word >> read.options.max_tokens >> word >>
      read.options.min_tokens >> word >> ngram >> word >> stop >> word >> texts >> word >> captions >> word >>
      prefixes;
  read.options.no_repeat_ngram = ngram;
  if (stop >= 0) read.stop = stop;
  read.options.n_best = static_cast<int>(captions);
  auto words = line_of(file);
  while (words >> word) read.vocabulary.push_back(bytes_of_hex(word));
  while (read.options.stop.size() < texts) read.options.stop.push_back(bytes_of_hex(line_of(file).str()));
  while (read.captions.size() < captions) {
    auto line = line_of(file);
    Hypothesis& caption = read.captions.emplace_back();
    line >> caption.score;
    caption.tokens = numbers<std::int32_t>(line);
  }
  for (std::size_t i = 0; i < prefixes; ++i) {
    auto ids = line_of(file);
    auto values = line_of(file);
    read.model.logits[numbers<std::int32_t>(ids)] = numbers<float>(values);
  }
  return read;
}

std::vector<StopCase> read_cases() {
  std::ifstream file(CAPTION_TEST_DATA "/decode/stops.txt");
  std::vector<StopCase> cases;
  for (std::string word, name; file >> word >> name;) {
    file.ignore();
    cases.push_back(read_case(file, name));
  }
  return cases;
}

TEST(StopGoldens, AreTransformersCaptions) {
  auto cases = read_cases();
  ASSERT_EQ(cases.size(), 41U);
  for (StopCase& golden : cases) {
    SCOPED_TRACE(golden.name);
    const StopRule stop = make_stop_rule(golden.stop, golden.options.stop, bytes_of(golden.vocabulary));
    const auto found = search(golden.model, 1, stop, golden.options)[0];
    ASSERT_EQ(found.size(), golden.captions.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].tokens, golden.captions[i].tokens) << "caption " << i;
      EXPECT_NEAR(found[i].score, golden.captions[i].score, 1e-5 * (1 - golden.captions[i].score));
    }
  }
}

}  // namespace
}  // namespace caption
