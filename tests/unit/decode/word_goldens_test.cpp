// Captions that transformers' generate() found behind a prompt, without banned sequences, with a repetition
// penalty and in groups of beams, and the logits that led there: scripts/make_word_goldens.py.

#include <gtest/gtest.h>

#include "known_sequences.h"

namespace caption {
namespace {

struct WordCase {
  std::string name;
  DecodeOptions options;
  Wording wording;
  std::vector<Hypothesis> captions;
  KnownSequences model;
};

WordCase read_case(std::istream& file, const std::string& name) {
  WordCase read{.name = name};
  std::string word;
  int ngram = 0;
  std::size_t banned = 0;
  std::size_t captions = 0;
  std::size_t prefixes = 0;
  DecodeOptions& options = read.options;
  line_of(file) >> word >> options.beam >> word >> options.beam_groups >> word >> options.diversity_penalty >>
      word >> options.max_tokens >> word >> ngram >> word >> options.repetition_penalty >> word >> banned >>
      word >> captions >> word >> prefixes;
  options.no_repeat_ngram = ngram;
  options.n_best = static_cast<int>(captions);
  if (options.beam_groups == 1) options.diversity_penalty = 1;
  auto prompt = line_of(file);
  read.wording.prompt = numbers<std::int32_t>(prompt);
  std::vector<Ids> sequences;
  while (sequences.size() < banned) {
    auto line = line_of(file);
    sequences.push_back(numbers<std::int32_t>(line));
  }
  read.wording.banned = std::make_shared<const BannedSequences>(std::move(sequences));
  while (read.captions.size() < captions) read.captions.push_back(read_scored(file));
  read_known(file, prefixes, read.model);
  return read;
}

TEST(WordGoldens, AreTransformersCaptions) {
  std::ifstream file(CAPTION_TEST_DATA "/decode/words.txt");
  std::size_t cases = 0;
  for (std::string word, name; file >> word >> name; ++cases) {
    file.ignore();
    WordCase golden = read_case(file, name);
    SCOPED_TRACE(name);
    const auto found = search(golden.model, 1, {std::nullopt}, golden.options, golden.wording)[0];
    ASSERT_EQ(found.size(), golden.captions.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].tokens, golden.captions[i].tokens) << "caption " << i;
      EXPECT_NEAR(found[i].score, golden.captions[i].score, 1e-5 * (1 + std::abs(golden.captions[i].score)));
    }
  }
  EXPECT_EQ(cases, 35U);
}

}  // namespace
}  // namespace caption
