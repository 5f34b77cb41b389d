#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "cli/caption/options.h"
#include "inputs/input.h"
#include "pipeline/batch.h"

namespace caption::cli {

/// The inputs of `--write-metadata`: without those that have a description, unless that is to be overwritten.
class Undescribed {
 public:
  /// Looks for the first one, unless the inputs may keep it waiting, or nothing is to be written.
  Undescribed(const CaptionConfig& config, InputSource source, const std::atomic<bool>& stop);

  bool empty() const { return !first_; }
  std::optional<Input> next(const std::atomic<bool>& stop);
  /// Pictures that were left out so far.
  std::size_t left_out() const { return left_out_; }

  /// In the place of `next`, of a dry run: what would be done, a line NAME<TAB>FILE<TAB>WHAT each.
  void print_plan(const std::function<void(const std::string&)>& line, const std::atomic<bool>& stop);

 private:
  bool is_left_out(const Input& input);
  std::optional<Input> search(const std::atomic<bool>& stop);

  MetadataOptions options_;
  bool overwrite_;
  InputSource source_;
  std::function<void(const std::string&)> line_;  ///< of print_plan
  std::size_t left_out_ = 0;
  std::optional<Input> first_;
};

}  // namespace caption::cli
