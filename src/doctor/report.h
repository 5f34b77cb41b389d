#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "measure/report.h"
#include "pipeline/device_limits.h"

namespace caption {

enum class CheckStatus { ok, warning, failed, skipped };

/// One thing that was looked at.
struct Check {
  std::string name;  ///< "driver", "kernels avx2", "parity fp32"
  CheckStatus status = CheckStatus::ok;
  /// ok: what was found; warning: what is odd, failed: what is wrong, both with what to do; skipped: why it
  /// could not be looked at.
  std::string detail;
};

/// How fast captions come.
struct DoctorSpeed {
  Precision precision = Precision::fp32;
  int batch = 1;   ///< images together
  int beam = 1;    ///< 1 is greedy
  int tokens = 0;  ///< of the longest caption
  double images_per_second = 0;
  /// What the device's limits would allow for the same bytes and operations; none if a limit or the model's
  /// sizes are not known.
  std::optional<double> limit_images_per_second;
  /// What we expect of a T4, with launches recorded in CUDA graphs; none on other devices.
  std::optional<double> expected_images_per_second;
};

struct DoctorRequest {
  std::filesystem::path folder;  ///< of the bundle
  ModelOptions model;            ///< the device and the threads; the precisions are the doctor's choice
  std::vector<BenchmarkImage> images;
};

struct DoctorReport {
  std::string device;       ///< that was used: "cpu" or "cuda:0"
  std::string device_name;  ///< "Tesla T4"; of a CPU, its kernels' name
  std::vector<Check> checks;
  DeviceLimits limits;
  std::vector<DoctorSpeed> speeds;  ///< empty if they could not be measured

  /// Whether no check failed.
  bool healthy() const {
    for (const Check& check : checks) {
      if (check.status == CheckStatus::failed) return false;
    }
    return true;
  }
};

}  // namespace caption
