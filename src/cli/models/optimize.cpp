#include "cli/models/optimize.h"

#include <cstdio>

#include "base/log.h"
#include "base/printable.h"
#include "pipeline/optimize.h"

namespace caption::cli {

std::string megabytes(std::uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MB", static_cast<double>(bytes) / 1e6);
  return text;
}

void optimize_model(const std::filesystem::path& folder, const ModelOptions& options) {
  const PackReport report = optimize_bundle(folder, options);
  char times[96];
  std::snprintf(times, sizeof times, ": loading with --precision %s takes %.2f s instead of %.2f s",
                report.precision.c_str(), report.loading_ms / 1e3, report.packing_ms / 1e3);
  log::info("made " + printable(report.file.string()) + ", " + megabytes(report.bytes) + times);
}

}  // namespace caption::cli
