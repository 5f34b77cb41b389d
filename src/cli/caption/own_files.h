#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "cli/caption/options.h"
#include "cli/caption/output_tar.h"
#include "cli/caption/sidecar_plan.h"
#include "cli/caption/sidecar_stream.h"
#include "cli/caption/undescribed.h"
#include "pipeline/batch.h"
#include "records/writers.h"

namespace caption::cli {

/// What goes into files of the pictures' own, by --sidecar, --write-metadata or --output-tar, and which
/// pictures are left for that. Without these options, all are.
class OwnFiles {
 public:
  /// Throws Error(usage) as SidecarPlan does.
  OwnFiles(const CaptionConfig& config, InputSource source, const std::atomic<bool>& stop);
  OwnFiles(const OwnFiles&) = delete;
  OwnFiles& operator=(const OwnFiles&) = delete;

  /// Whether no picture is left.
  bool empty() const;
  /// Of a dry run: what would be done, a line NAME<TAB>FILE<TAB>WHAT each.
  void print_plan(const std::function<void(const std::string&)>& line, const std::atomic<bool>& stop);
  /// The pictures that are left. This must outlive it.
  InputSource source();
  /// How many those are, if that is known.
  std::optional<std::size_t> count() const;
  /// Says how many pictures were left out.
  void say_left_out() const;

  /// Writes the files; null if none are asked for. `model`: the bundle's name.
  std::unique_ptr<RecordWriter> writer(const std::string& model);
  /// Pictures that have a caption, but not in their file. To be called while that writer lives.
  std::size_t failed() const;

 private:
  std::optional<Input> next_with_sidecar(const std::atomic<bool>& stop);
  std::filesystem::path next_sidecar();

  const CaptionConfig& config_;
  InputSource source_;
  std::optional<SidecarPlan> sidecars_;
  std::optional<SidecarStream> stream_;  ///< in the plan's place, where the inputs have no end
  std::optional<Undescribed> undescribed_;
  const Descriptions* descriptions_ = nullptr;
  std::optional<OutputTar> output_tar_;
  std::mutex mutex_;
  std::deque<std::filesystem::path> sidecars_to_write_;  ///< of pictures on their way
};

}  // namespace caption::cli
