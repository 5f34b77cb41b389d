#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <vector>

#include "decode/search.h"

namespace caption {

/// A language model that is a table: logits of the next token by image, position (modulo the number of
/// positions) and previous token (0 at the first position). Notes what it was asked.
class TableModel : public StepFunction {
 public:
  /// values [images, positions, vocabulary, vocabulary], offsets [most tokens, vocabulary] or none
  TableModel(std::size_t images, std::size_t positions, std::size_t vocabulary, std::vector<float> values,
             std::vector<float> offsets = {})
      : images_(images),
        positions_(positions),
        vocabulary_(vocabulary),
        values_(std::move(values)),
        offsets_(std::move(offsets)) {
    if (values_.size() != images * positions * vocabulary * vocabulary)
      throw std::invalid_argument("table's size");
  }

  Logits step(std::span<const std::int32_t> tokens, std::span<const std::int32_t> parents,
              std::size_t joining) override {
    if (tokens.size() + joining == 0 || tokens.size() != parents.size() || joined_ + joining > images_)
      throw std::invalid_argument("rows of a pass");
    std::vector<Row> rows;
    for (std::size_t r = 0; r < tokens.size(); ++r) {
      const Row& parent = rows_.at(static_cast<std::size_t>(parents[r]));
      rows.push_back({parent.image, parent.position + 1, static_cast<std::size_t>(tokens[r])});
    }
    for (std::size_t i = 0; i < joining; ++i) rows.push_back({joined_++, 0, 0});
    rows_ = std::move(rows);
    if (!tokens.empty()) rows_per_step.push_back(tokens.size());
    return answer();
  }

  /// Forgets all rows: the images may join again.
  void reset() { joined_ = 0; }

  /// The table of one image alone.
  TableModel only(std::size_t image) const {
    const std::size_t size = values_.size() / images_;
    const auto begin = values_.begin() + static_cast<std::ptrdiff_t>(image * size);
    return {1, positions_, vocabulary_, {begin, begin + static_cast<std::ptrdiff_t>(size)}, offsets_};
  }

  /// Logits [vocabulary].
  std::vector<float> at(std::size_t image, std::size_t position, std::size_t previous) const {
    const std::size_t row = (image * positions_ + position % positions_) * vocabulary_ + previous;
    std::vector<float> logits(vocabulary_);
    for (std::size_t token = 0; token < vocabulary_; ++token) {
      logits[token] = values_[row * vocabulary_ + token];
      if (!offsets_.empty()) logits[token] += offsets_.at(position * vocabulary_ + token);
    }
    return logits;
  }

  std::size_t images() const { return images_; }
  std::vector<std::size_t> rows_per_step;

 private:
  struct Row {
    std::size_t image, position, previous;
  };

  Logits answer() {
    logits_.clear();
    for (const Row& row : rows_) {
      const auto values = at(row.image, row.position, row.previous);
      logits_.insert(logits_.end(), values.begin(), values.end());
    }
    return {logits_, rows_.size(), vocabulary_};
  }

  std::size_t images_, positions_, vocabulary_;
  std::vector<float> values_;
  std::vector<float> offsets_;
  std::vector<Row> rows_;
  std::size_t joined_ = 0;
  std::vector<float> logits_;
};

/// A table in which the logits depend neither on the position nor on the previous token: one row for each
/// image.
inline TableModel constant_model(const std::vector<std::vector<float>>& rows) {
  const std::size_t vocabulary = rows[0].size();
  std::vector<float> values;
  for (const auto& row : rows) {
    for (std::size_t previous = 0; previous < vocabulary; ++previous)
      values.insert(values.end(), row.begin(), row.end());
  }
  return {rows.size(), 1, vocabulary, values};
}

/// A table of one image: rows[position][previous] = logits.
inline TableModel one_image_model(const std::vector<std::vector<std::vector<float>>>& rows) {
  std::vector<float> values;
  for (const auto& position : rows) {
    for (const auto& row : position) values.insert(values.end(), row.begin(), row.end());
  }
  return {1, rows.size(), rows[0][0].size(), values};
}

/// The search of all its images together, whatever it was asked before.
inline std::vector<std::vector<Hypothesis>> search(TableModel& model, const StopRule& stop,
                                                   const DecodeOptions& options,
                                                   const Wording& wording = {}) {
  model.reset();
  return search(model, model.images(), stop, options, wording);
}

inline bool operator==(const Hypothesis& a, const Hypothesis& b) {
  return a.tokens == b.tokens && a.score == b.score;
}

}  // namespace caption
