#include "cli/doctor/text.h"

#include <optional>
#include <utility>
#include <vector>

#include "base/counted.h"
#include "base/printable.h"
#include "cli/model_flags.h"
#include "cli/table.h"
#include "cli/version.h"

namespace caption::cli {
namespace {

using Line = std::vector<std::string>;

const char* status_name(CheckStatus status) {
  switch (status) {
    case CheckStatus::ok:
      return "ok";
    case CheckStatus::warning:
      return "WARNING";
    case CheckStatus::failed:
      return "FAILED";
    case CheckStatus::skipped:
      break;
  }
  return "skipped";
}

std::string speed_table(const std::vector<DoctorSpeed>& speeds) {
  std::vector<Line> lines;
  for (const DoctorSpeed& speed : speeds) {
    const double rate = speed.images_per_second;
    const auto share = [&](const std::optional<double>& other) {
      return other ? format("%.0f%%", 100 * rate / *other) : "";
    };
    lines.push_back(
        {precision_name(speed.precision), std::to_string(speed.batch), std::to_string(speed.beam),
         std::to_string(speed.tokens), format("%.2f", rate), share(speed.limit_images_per_second),
         speed.expected_images_per_second ? format("%.2f", *speed.expected_images_per_second) : "",
         share(speed.expected_images_per_second)});
  }
  const std::vector<Column> columns = {{"precision"},      {"batch", true},      {"beam", true},
                                       {"tokens", true},   {"images/s", true},   {"of limit", true},
                                       {"expected", true}, {"of expected", true}};
  return aligned(columns, std::move(lines));
}

std::string verdict(const std::vector<Check>& checks) {
  std::size_t ok = 0;
  std::size_t warnings = 0;
  std::size_t skipped = 0;
  std::string failed;
  for (const Check& check : checks) {
    if (check.status == CheckStatus::ok) ++ok;
    if (check.status == CheckStatus::warning) ++warnings;
    if (check.status == CheckStatus::skipped) ++skipped;
    if (check.status == CheckStatus::failed) failed += (failed.empty() ? "" : ", ") + check.name;
  }
  if (!failed.empty()) return "Broken: " + failed + "\n";
  return "Nothing failed: " + std::to_string(ok) + " ok, " +
         (warnings > 0 ? counted(warnings, "warning", "warnings") + ", " : "") + std::to_string(skipped) +
         " skipped\n";
}

}  // namespace

std::string doctor_text(const DoctorRequest& request, const DoctorReport& report) {
  std::string text = program_version() + '\n';
  text += "device " + report.device + (report.device_name.empty() ? "" : " (" + report.device_name + ")") +
          ", model " + printable(request.folder.filename().string()) + "\n\n";
  std::vector<Line> lines;
  for (const Check& check : report.checks)
    lines.push_back({check.name, status_name(check.status), printable(check.detail)});
  text += aligned({{"check"}, {"status"}, {"what was found"}}, std::move(lines)) + "\n";
  if (!report.speeds.empty()) text += speed_table(report.speeds) + "\n";
  return text + verdict(report.checks);
}

}  // namespace caption::cli
