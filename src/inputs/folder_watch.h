#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "inputs/selection.h"

namespace caption {

/// The image files that are completed in folders from now on: closed by whoever wrote them, or moved or
/// linked there. By inotify, which sees what this machine does, not what others do to a file system of the
/// network. Holds a few bytes for each file, so that one is given out again if, and only if, it has been
/// changed since it was given out.
class FolderWatch {
 public:
  /// `patterns` must outlive it. Throws Error(usage) if the system cannot watch any more.
  FolderWatch(bool recursive, const Patterns& patterns);
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;
  ~FolderWatch();

  /// Watches a folder, and what is below it if that is asked for: before it is listed, so that nothing is
  /// missed. Throws Error(usage) that names it.
  void add(const std::filesystem::path& folder);

  struct Arrival {
    std::filesystem::path file;   ///< FOLDER/..., as it was named
    std::filesystem::path below;  ///< its path below that folder
  };
  /// Whether a file is to be taken now: nobody writes it, and it was not taken as it is. One that is written
  /// comes later.
  bool take(const Arrival& arrival);

  /// Waits for the next file; nothing soon after `stop` becomes true.
  std::optional<Arrival> next(const std::atomic<bool>& stop);

 private:
  struct Place {
    std::filesystem::path folder;
    std::filesystem::path root;  ///< that was named
  };

  void watch(const Place& place);
  /// Watches a folder; what is in it is listed when all that has arrived is taken.
  void enter(const Place& place);
  /// What is in a folder has arrived; notes its subfolders to be listed.
  void list(const Place& place);
  void read_events();
  /// Now and then, files that were written have arrived again.
  void ask_again();
  void handle(int watch, unsigned what, const std::string& name);
  bool looks_into(const Place& place, const std::string& name) const;
  bool is_wanted(const Place& place, const std::string& name) const;

  bool recursive_;
  const Patterns& patterns_;
  int descriptor_;
  std::map<int, Place> places_;  ///< by watch
  std::deque<Arrival> arrived_;  ///< to be taken, or not
  std::map<std::filesystem::path, Arrival> written_;
  std::chrono::steady_clock::time_point asked_;
  std::deque<Place> to_list_;  ///< one at a time, so that a burst of files does not wait in memory
  std::unordered_map<std::size_t, std::size_t> taken_;  ///< hash of a file's name -> of its state
};

}  // namespace caption
