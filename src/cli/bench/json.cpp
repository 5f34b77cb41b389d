#include "records/json.h"
#include "cli/bench/text.h"
#include "cli/model_flags.h"
#include "cli/version.h"

namespace caption::cli {
namespace {

Json fields(const Spread& spread) {
  return {{"median", spread.median}, {"min", spread.min}, {"max", spread.max}};
}

Json fields(const BenchmarkPeaks& peaks) {
  return {{"memory_gb_per_s", known(peaks.gb_per_s)},
          {"fp32_gflop_per_s", known(peaks.fp32_gflop_per_s)},
          {"bf16_gflop_per_s", known(peaks.bf16_gflop_per_s)},
          {"int8_gflop_per_s", known(peaks.int8_gflop_per_s)}};
}

Json fields(const StageReport& stage) {
  Json json = {{"name", stage.name}, {"ms_per_image", fields(stage.ms_per_image)}};
  for (const char* name : {"bytes", "flops", "gb_per_s", "gflop_per_s", "share_of_peak"}) json[name] = {};
  if (!stage.work) return json;
  json["bytes"] = stage.work->bytes;
  json["flops"] = stage.work->flops;
  json["gb_per_s"] = stage.work->gb_per_s;
  json["gflop_per_s"] = stage.work->gflop_per_s;
  json["share_of_peak"] = {{"memory", or_null(stage.work->share_of_memory)},
                           {"arithmetic", or_null(stage.work->share_of_arithmetic)}};
  return json;
}

}  // namespace

std::string benchmark_json(const BenchmarkRequest& request, const BenchmarkReport& report) {
  const BenchmarkOptions& options = request.options;
  Json json = {{"version", program_version()},
               {"model", report.model},
               {"precision", precision_name(report.precision)},
               {"threads", report.threads},
               {"kernels", report.kernels},
               {"batch", options.batch},
               {"beam", options.decode.beam},
               {"tokens", options.tokens},
               {"repeat", options.repeat},
               {"images", request.images.size()},
               {"peaks", report.peaks ? fields(*report.peaks) : Json()},
               {"load_ms", report.load_ms},
               {"stages", Json::array()},
               {"caption_ms_per_image", fields(report.caption_ms_per_image)},
               {"ms_per_image", fields(report.ms_per_image)},
               {"images_per_second", 1000 / report.ms_per_image.median},
               {"memory", {{"peak_bytes", report.peak_bytes}, {"anonymous_bytes", report.anonymous_bytes}}},
               {"captions", Json::array()}};
  for (const StageReport& stage : report.stages) json["stages"].push_back(fields(stage));
  for (std::size_t i = 0; i < request.images.size(); ++i) {
    json["captions"].push_back({{"image", request.images[i].name}, {"tokens", report.tokens.at(i)}});
  }
  return json_line(json);
}

}  // namespace caption::cli
