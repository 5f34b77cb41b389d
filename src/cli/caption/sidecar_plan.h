#pragma once

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/caption/options.h"
#include "inputs/input.h"
#include "pipeline/batch.h"

namespace caption::cli {

/// The sidecar of a picture. Throws Error(usage) if it stands in an archive.
std::filesystem::path sidecar_file(const Input& input, const SidecarOptions& options);

/// Which pictures get which sidecar, told before anything is read, captioned or written.
class SidecarPlan {
 public:
  /// Takes all of `source`. Throws Error(usage) that names both if two pictures would share a sidecar.
  SidecarPlan(const CaptionConfig& config, const InputSource& source, const std::atomic<bool>& stop);

  /// Pictures that are left out, as they have their sidecar.
  std::size_t left_out() const { return left_out_; }
  /// Those to caption, and their sidecars.
  const std::vector<Input>& inputs() const { return inputs_; }
  const std::vector<std::filesystem::path>& files() const { return files_; }

  /// What would be done, a line NAME<TAB>SIDECAR<TAB>WHAT each.
  const std::string& text() const { return text_; }

 private:
  void add(Input input, const std::filesystem::path& file, const SidecarOptions& options);

  std::vector<Input> inputs_;
  std::vector<std::filesystem::path> files_;
  std::string text_;
  std::size_t left_out_ = 0;
};

}  // namespace caption::cli
