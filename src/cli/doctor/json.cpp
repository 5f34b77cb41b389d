#include "records/json.h"
#include "cli/doctor/text.h"
#include "cli/model_flags.h"
#include "cli/version.h"

namespace caption::cli {
namespace {

const char* status_field(CheckStatus status) {
  switch (status) {
    case CheckStatus::ok:
      return "ok";
    case CheckStatus::warning:
      return "warning";
    case CheckStatus::failed:
      return "failed";
    case CheckStatus::skipped:
      break;
  }
  return "skipped";
}

Json fields(const DeviceLimits& limits) {
  return {{"memory_gb_per_s", known(limits.memory_gb_per_s)},
          {"fp32_gflop_per_s", known(limits.fp32_gflop_per_s)},
          {"fp16_gflop_per_s", known(limits.fp16_gflop_per_s)},
          {"bf16_gflop_per_s", known(limits.bf16_gflop_per_s)},
          {"int8_gflop_per_s", known(limits.int8_gflop_per_s)}};
}

Json fields(const DoctorSpeed& speed) {
  return {{"precision", precision_name(speed.precision)},
          {"batch", speed.batch},
          {"beam", speed.beam},
          {"tokens", speed.tokens},
          {"images_per_second", speed.images_per_second},
          {"limit_images_per_second", or_null(speed.limit_images_per_second)},
          {"expected_images_per_second", or_null(speed.expected_images_per_second)}};
}

}  // namespace

std::string doctor_json(const DoctorRequest& request, const DoctorReport& report) {
  Json json = {{"version", program_version()},
               {"device", report.device},
               {"device_name", report.device_name},
               {"model", request.folder.filename().string()},
               {"pictures", request.images.size()},
               {"verdict", report.healthy() ? "ok" : "broken"},
               {"checks", Json::array()},
               {"limits", fields(report.limits)},
               {"speeds", Json::array()}};
  for (const Check& check : report.checks) {
    json["checks"].push_back(
        {{"name", check.name}, {"status", status_field(check.status)}, {"detail", check.detail}});
  }
  for (const DoctorSpeed& speed : report.speeds) json["speeds"].push_back(fields(speed));
  return json_line(json);
}

}  // namespace caption::cli
