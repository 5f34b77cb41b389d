#pragma once

#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "decode/search.h"

namespace caption {

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

inline std::istringstream line_of(std::istream& file) {
  std::string line;
  if (!std::getline(file, line)) throw std::runtime_error("goldens end too early");
  return std::istringstream(line);
}

inline std::string bytes_of_hex(const std::string& hex) {
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

/// Reads `count` pairs of lines: a sequence, and the logits behind it.
inline void read_known(std::istream& file, std::size_t count, KnownSequences& model) {
  for (std::size_t i = 0; i < count; ++i) {
    auto ids = line_of(file);
    auto values = line_of(file);
    model.logits[numbers<std::int32_t>(ids)] = numbers<float>(values);
  }
}

/// Reads a line: a score, and the tokens that have it.
inline Hypothesis read_scored(std::istream& file) {
  auto line = line_of(file);
  Hypothesis hypothesis;
  line >> hypothesis.score;
  hypothesis.tokens = numbers<std::int32_t>(line);
  return hypothesis;
}

}  // namespace caption
