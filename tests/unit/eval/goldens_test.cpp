// Beside Stanford's tokenizer and METEOR's: tests/data/eval, written by scripts/eval_peers.py.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "eval/meteor_words.h"
#include "eval/ptb_tokenizer.h"

namespace caption::eval {
namespace {

std::vector<nlohmann::json> goldens(const std::string& name) {
  std::ifstream stream(std::string(CAPTION_TEST_DATA) + "/eval/" + name);
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(nlohmann::json::parse(line));
  EXPECT_GT(lines.size(), 500U);
  return lines;
}

TEST(PtbGoldens, HardTextsHaveTheTokensOfStanfordsTokenizer) {
  PtbTokenizer tokenizer;
  for (const nlohmann::json& golden : goldens("ptb.jsonl")) {
    const auto text = golden.at("text").get<std::string>();
    // The goldens stand between lines like this one.
    EXPECT_EQ(tokenizer.tokenize({std::string_view(text), "x"}).front(),
              golden.at("tokens").get<std::string>())
        << text;
  }
}

TEST(MeteorGoldens, HardTextsHaveTheWordsOfMeteorsNormalizer) {
  for (const nlohmann::json& golden : goldens("meteor_words.jsonl")) {
    const auto text = golden.at("text").get<std::string>();
    EXPECT_EQ(meteor_words(text), golden.at("words").get<std::vector<std::string>>()) << text;
  }
}

}  // namespace
}  // namespace caption::eval
