#include "cli/bench/text.h"

#include <optional>
#include <utility>
#include <vector>

#include "cli/model_flags.h"
#include "cli/table.h"

namespace caption::cli {
namespace {

using Line = std::vector<std::string>;

std::string percentage(const std::optional<double>& share) {
  return share ? format("%.0f%%", 100 * *share) : "";
}

std::string plural(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

Line time_line(const std::string& name, const Spread& time, double all) {
  return {name, format("%.3f", time.median), format("%.3f", time.min), format("%.3f", time.max),
          format("%.1f%%", 100 * time.median / all)};
}

Line stage_line(const StageReport& stage, double all) {
  Line line = time_line(stage.name, stage.ms_per_image, all);
  if (!stage.work) {
    line.resize(line.size() + 6);
    return line;
  }
  const StageWork& work = *stage.work;
  line.insert(line.end(), {format("%.2f", work.bytes * 1e-6), format("%.1f", work.gb_per_s),
                           percentage(work.share_of_memory), format("%.3f", work.flops * 1e-9),
                           format("%.1f", work.gflop_per_s), percentage(work.share_of_arithmetic)});
  return line;
}

std::string peak(double rate, const char* unit) {
  return rate > 0 ? format("%.0f %s", rate, unit) : "unknown";
}

std::string machine_line(const BenchmarkPeaks& peaks) {
  return "This machine, at most: reads " + peak(peaks.gb_per_s, "GB/s") + "; multiplies fp32 at " +
         peak(peaks.fp32_gflop_per_s, "GFLOP/s") + ", bf16 at " + peak(peaks.bf16_gflop_per_s, "GFLOP/s") +
         ", int8 at " + peak(peaks.int8_gflop_per_s, "GFLOP/s") + "\n";
}

}  // namespace

std::string benchmark_table(const BenchmarkRequest& request, const BenchmarkReport& report) {
  const BenchmarkOptions& options = request.options;
  const double all = report.ms_per_image.median;
  std::vector<Line> lines;
  for (const StageReport& stage : report.stages) lines.push_back(stage_line(stage, all));
  lines.push_back(time_line("caption", report.caption_ms_per_image, all));
  lines.push_back(time_line("all", report.ms_per_image, all));
  const std::vector<Column> columns = {{"stage"},         {"ms/image", true}, {"least", true},
                                       {"most", true},    {"share", true},    {"MB read", true},
                                       {"GB/s", true},    {"of peak", true},  {"GFLOP", true},
                                       {"GFLOP/s", true}, {"of peak", true}};
  for (Line& line : lines) line.resize(columns.size());

  std::string text = report.model + ", " + precision_name(report.precision) + ", " +
                     plural(static_cast<std::size_t>(report.threads), "thread") + ", kernels " +
                     report.kernels + "; batch " + std::to_string(options.batch) + ", beam " +
                     std::to_string(options.decode.beam) + ", " +
                     plural(static_cast<std::size_t>(options.tokens), "token") + "; " +
                     plural(request.images.size(), "image") + ", " +
                     plural(static_cast<std::size_t>(options.repeat), "round") + "\n";
  text += format("load %.1f ms, once; memory %.1f MB at its peak, %.1f MB of it anonymous afterwards\n\n",
                 report.load_ms, static_cast<double>(report.peak_bytes) * 1e-6,
                 static_cast<double>(report.anonymous_bytes) * 1e-6);
  text += aligned(columns, std::move(lines));
  text += format("\n%.2f images per second", 1000 / all) + "\n";
  if (report.peaks) text += machine_line(*report.peaks);
  return text;
}

}  // namespace caption::cli
