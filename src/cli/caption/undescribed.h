#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <string>

#include "cli/caption/options.h"
#include "inputs/input.h"
#include "pipeline/batch.h"

namespace caption::cli {

/// The inputs of `--write-metadata`: without those that have a description, unless that is to be overwritten.
class Undescribed {
 public:
  /// Looks for the first one, unless the inputs may keep it waiting.
  Undescribed(const CaptionConfig& config, InputSource source, const std::atomic<bool>& stop);

  bool empty() const { return !first_; }
  std::optional<Input> next(const std::atomic<bool>& stop);
  /// Pictures that were left out so far.
  std::size_t left_out() const { return left_out_; }

  /// Of a dry run: takes all that are left. -> what would be done, a line NAME<TAB>FILE<TAB>WHAT each
  std::string plan(const std::atomic<bool>& stop);

 private:
  bool is_left_out(const Input& input);
  std::optional<Input> search(const std::atomic<bool>& stop);

  MetadataOptions options_;
  bool overwrite_;
  bool plans_;
  InputSource source_;
  std::string plan_;
  std::size_t left_out_ = 0;
  std::optional<Input> first_;
};

}  // namespace caption::cli
