#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "cli/caption/options.h"
#include "files/spool.h"
#include "inputs/input.h"
#include "pipeline/batch.h"

namespace caption::cli {

/// The sidecar of a picture. Throws Error(usage) if it stands in an archive.
std::filesystem::path sidecar_file(const Input& input, const SidecarOptions& options);

/// A picture that is to be captioned.
struct PlannedSidecar {
  Input input;
  std::filesystem::path file;
};

/// Which pictures get which sidecar, told before anything is read, captioned or written. Of any number of
/// pictures, memory holds a hash of each for the while of telling; their names are on the disk.
class SidecarPlan {
 public:
  /// Takes all of `source`. Throws Error(usage) that names both if two pictures would share a sidecar.
  SidecarPlan(const CaptionConfig& config, const InputSource& source, const std::atomic<bool>& stop);

  /// Pictures that are left out, as they have their sidecar.
  std::size_t left_out() const { return left_out_; }
  /// Those to caption.
  std::size_t count() const { return count_; }

  /// The next one to caption; nothing at the end.
  std::optional<PlannedSidecar> next();
  /// In the place of `next`: what would be done, a line NAME<TAB>SIDECAR<TAB>WHAT each.
  void print(const std::function<void(const std::string&)>& line);

 private:
  void add(const Input& input, const std::filesystem::path& file, const SidecarOptions& options);
  void refuse_shared();

  Spool pictures_;
  std::deque<std::uint64_t> hashes_;  ///< of the sidecars' names; a deque never holds its items twice to grow
  std::size_t count_ = 0;
  std::size_t left_out_ = 0;
};

}  // namespace caption::cli
