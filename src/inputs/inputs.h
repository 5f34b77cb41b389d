#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "inputs/folder_walk.h"
#include "inputs/folder_watch.h"
#include "inputs/input.h"
#include "inputs/list_reader.h"
#include "inputs/tar_walk.h"

namespace caption {

/// All inputs of a run, one after the other: the arguments, then the list. Folders and archives are replaced
/// by their images. Memory does not grow with the number of inputs, but for the names in one folder.
class Inputs {
 public:
  /// `warn` takes a message for a folder without images, `left_out` what is in folders and no input. Throws
  /// Error(usage) if the list cannot be opened, or a folder cannot be watched.
  Inputs(InputOptions options, FolderWalk::Warn warn, LeftOut::Take left_out = nullptr);

  /// The next input; nothing at the end, or soon after `stop` becomes true, even if it waits for a pipe. One
  /// call at a time. Throws Error(usage) for a broken list.
  std::optional<Input> next(const std::atomic<bool>& stop);

  /// Whether there were inputs so far, of all shards.
  bool any() const { return any_; }

  /// Of the folders so far.
  const LeftOut& left_out() const { return left_out_; }

 private:
  std::optional<Input> next_of_all(const std::atomic<bool>& stop);
  std::optional<Input> next_in_folder();
  /// Waits for what arrives.
  std::optional<Input> next_arrival(const std::atomic<bool>& stop);
  std::optional<Input> next_in_tar(const std::atomic<bool>& stop);
  /// Whether it is an archive; of several, a range, the others are still to come.
  bool open_tar(const std::string& name);
  std::optional<std::string> next_name(const std::atomic<bool>& stop);

  InputOptions options_;
  FolderWalk::Warn warn_;
  bool any_ = false;
  std::size_t next_argument_ = 0;
  std::unique_ptr<ListReader> list_;
  LeftOut left_out_;
  std::unique_ptr<FolderWalk> folder_;
  std::string folder_name_;
  bool folder_is_empty_ = true;
  std::unique_ptr<FolderWatch> watch_;
  std::deque<std::string> tars_;  ///< of a range, still to come
  std::unique_ptr<TarWalk> tar_;
  std::string tar_name_;
  bool tar_is_empty_ = true;
};

/// How many inputs there are; 0 if that cannot be told without taking them (standard input, a pipe, a broken
/// list), or if `stop` became true.
std::size_t count_inputs(const InputOptions& options, const std::atomic<bool>& stop);

/// Whether the arguments stand for one image, whose caption is printed without its name.
bool is_single_image(const InputOptions& options);

}  // namespace caption
