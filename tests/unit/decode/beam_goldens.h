#pragma once

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "table_model.h"

namespace caption {

/// What one width finds.
struct Expected {
  int beam = 0;
  std::vector<std::vector<Hypothesis>> images;
};

/// One table, and what the Python reference finds in it.
struct Case {
  std::string name;
  TableModel model;
  StopRule stop;
  DecodeOptions options;
  std::vector<Expected> expected;
};

/// The next line's words; the file's format is described in scripts/make_decode_goldens.py.
inline std::istringstream words(std::istream& file) {
  std::string line;
  if (!std::getline(file, line)) throw std::runtime_error("goldens end too early");
  return std::istringstream(line);
}

inline Hypothesis read_hypothesis(std::istream& file) {
  auto line = words(file);
  Hypothesis hypothesis;
  line >> hypothesis.score;
  for (std::int32_t token; line >> token;) hypothesis.tokens.push_back(token);
  return hypothesis;
}

inline std::vector<float> read_numbers(std::istream& file, std::size_t lines) {
  std::vector<float> numbers;
  for (std::size_t i = 0; i < lines; ++i) {
    auto line = words(file);
    for (std::string word; line >> word;) numbers.push_back(std::stof(word));
  }
  return numbers;
}

inline Case read_case(std::istream& file, const std::string& name) {
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

inline std::vector<Case> read_cases() {
  std::ifstream file(CAPTION_TEST_DATA "/decode/beam.txt");
  std::vector<Case> cases;
  for (std::string word, name; file >> word >> name;) {
    file.ignore();
    cases.push_back(read_case(file, name));
  }
  return cases;
}

}  // namespace caption
