#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "../../decode/table_model.h"
#include "libtorch/decode/slot_model.h"

namespace caption {

/// The table as a model with slots, on the CPU. Rows that no image is in have logits that would win.
class TableSlots : public SlotModel {
 public:
  TableSlots(const TableModel& table, std::int64_t slots, const DecodeOptions& options)
      : table_(table),
        vocabulary_(static_cast<std::int64_t>(table.at(0, 0, 0).size())),
        beams_(options.beam),
        most_(static_cast<std::size_t>(options.max_tokens)),
        rows_(static_cast<std::size_t>(slots * beams_)) {}

  std::int64_t vocabulary() const override { return vocabulary_; }

  at::Tensor begin(const at::Tensor& slots) override {
    std::vector<at::Tensor> logits;
    for (std::int64_t i = 0; i < slots.size(0); ++i) {
      const auto first = static_cast<std::size_t>(slots[i].item<std::int64_t>() * beams_);
      for (std::int64_t beam = 0; beam < beams_; ++beam)
        rows_.at(first + static_cast<std::size_t>(beam)) = {true, joined_, 0, 0};
      ++joined_;
      logits.push_back(logits_of(rows_[first]));
    }
    return at::stack(logits);
  }

  at::Tensor step(const at::Tensor& tokens, const at::Tensor& parents, std::int64_t longest) override {
    asked.push_back(longest);
    const std::vector<Row> before = rows_;
    const auto* next = tokens.const_data_ptr<std::int64_t>();
    const auto* origins = parents.const_data_ptr<std::int64_t>();
    std::vector<at::Tensor> logits;
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      const std::int64_t parent = origins[r];
      if (parent / beams_ != static_cast<std::int64_t>(r) / beams_)
        throw std::invalid_argument("another slot's row");
      const Row& from = before.at(static_cast<std::size_t>(parent));
      const std::int64_t token = next[r];
      if (token < 0 || token >= vocabulary_) throw std::invalid_argument("a token outside the vocabulary");
      rows_[r] = {from.taken, from.image, from.position + 1, static_cast<std::size_t>(token)};
      logits.push_back(logits_of(rows_[r]));
    }
    return at::stack(logits);
  }

  std::vector<std::int64_t> asked;  ///< the `longest` of each step

 private:
  struct Row {
    bool taken = false;
    std::size_t image = 0, position = 0, previous = 0;
  };

  at::Tensor logits_of(const Row& row) const {
    at::Tensor logits = at::full({vocabulary_}, 1e30F);
    if (!row.taken || row.position >= most_) return logits;
    const std::vector<float> values = table_.at(row.image, row.position, row.previous);
    std::copy(values.begin(), values.end(), logits.mutable_data_ptr<float>());
    return logits;
  }

  const TableModel& table_;
  std::int64_t vocabulary_;
  std::int64_t beams_;
  std::size_t most_;
  std::vector<Row> rows_;
  std::size_t joined_ = 0;
};

}  // namespace caption
