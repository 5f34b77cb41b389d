// Captions that transformers' generate() found with stop strings, a minimum of tokens, a stop token and
// sequences that cannot come twice, and the logits that led there: scripts/make_stop_goldens.py.

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "decode/search.h"
#include "known_sequences.h"
#include "tiny_pieces.h"

namespace caption {
namespace {

struct StopCase {
  std::string name;
  DecodeOptions options;
  std::optional<std::int32_t> stop;
  std::vector<std::string> vocabulary;
  std::vector<Hypothesis> captions;
  KnownSequences model;
};

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
  while (read.captions.size() < captions) read.captions.push_back(read_scored(file));
  read_known(file, prefixes, read.model);
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
    const StopRule stop =
        make_stop_rule(StopRule(golden.stop).tokens, golden.options.stop, bytes_of(golden.vocabulary));
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
