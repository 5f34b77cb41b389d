#include "cli/doctor/options.h"

#include "cli/model_flags.h"
#include "cli/parser.h"

namespace caption::cli {
namespace {

constexpr const char* kUsage =
    "  caption doctor [OPTION]...\n"
    "\n"
    "Looks at the driver, the libraries and the memory, compares every kernel with its plain\n"
    "form and the captions of the example pictures with the CPU's, and measures how fast\n"
    "captions come. What it writes is what to send with a question.\n";

constexpr const char* kFooter = R"(Each line is ok, a warning, failed or skipped:
  warning   it works, but not as it should; the line says what to do
  failed    something is broken; the line says what and what to do
  skipped   it could not be looked at; the line says why, and it proves nothing
  With --device auto, a GPU that is not there is skipped, with --device cuda failed.

The box is that of --sandbox: whether this system has what it takes, and why not.

What is compared:
  kernels      of each instruction set of this processor, with the portable ones: the
               same bits, but for AMX's products of bf16, which have an order of their own
  gpu kernel   the GPU's own, with the same lines on the CPU
  parity       token ids of captions, greedy and with a beam of 5. fp32 must give those of
               the CPU in fp32 (on the CPU: those of its portable kernels). Rounded types
               change some captions, so the line says how many; less than a quarter the
               same is a failure.
  kernel speed the CPU's, beside the limits: of multiplying with 50 rows, as the encoder
               has for one picture, and of reading with one row, as a step has; a warning
               below half of what the same kernels reached elsewhere
  of limit     beside images per second: by what the device would do at most, from what it
               copies (a CPU: reads) and multiplies; above 100% if weights stay in a cache
  expected     of a T4, by our model of one; it is assumed, not measured

The status is 0 if nothing failed, and 3 if something did.

Examples:
  caption doctor
  caption doctor --device cuda --json > report.json
  caption doctor --json | jq '.checks[] | select(.status == "failed")'
  caption ./doctor                              an image of this name
)";

Flags<DoctorConfig> output_flags() {
  return {
      on("--json", &DoctorConfig::json, "One JSON object instead of the text"),
      on("--quiet", &DoctorConfig::quiet, "No notes, only errors"),
  };
}

}  // namespace

Parsed<DoctorConfig> parse_doctor(const std::vector<std::string>& arguments) {
  DoctorConfig config;
  Parser parser({"caption doctor", "whether all is well on this machine", kUsage, kFooter});
  parser.add("Model", model_name_flags<DoctorConfig>(), config);
  parser.add("Model", pick(model_flags(), {"--device"}), config.model_options);
  parser.add("Output", output_flags(), config);
  parser.take_settings();
  if (auto help = parser.parse(arguments)) return PrintHelp{*help};
  parser.check();
  return config;
}

}  // namespace caption::cli
