#include "cli/bench/command.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/printable.h"
#include "caption/error.h"
#include "cli/bench/text.h"
#include "cli/example_images.h"
#include "cli/locate_model.h"
#include "cli/signals.h"
#include "files/output.h"
#include "inputs/inputs.h"
#include "measure/benchmark.h"
#include "records/writers.h"

namespace caption::cli {
namespace {

/// The files of the inputs; without any, as many example pictures as a batch has. Throws Error(usage) if the
/// inputs hold no image.
std::vector<BenchmarkImage> images_of(const BenchConfig& config) {
  if (config.inputs.names.empty()) return example_images(static_cast<std::size_t>(config.benchmark.batch));
  std::string warnings;
  Inputs inputs(config.inputs, [&](const std::string& message) {
    warnings.append(warnings.empty() ? "" : "\n").append(message);
  });
  std::vector<BenchmarkImage> images;
  while (const std::optional<Input> input = inputs.next(interrupted)) images.push_back(read_image(*input));
  if (images.empty()) throw Error(ErrorKind::usage, warnings);
  if (!warnings.empty()) log::warning(warnings);
  return images;
}

}  // namespace

ExitStatus run(const BenchConfig& config) {
  if (config.quiet) log::set_level(log::Level::quiet);
  try {
    BenchmarkRequest request;
    request.images = images_of(config);
    request.folder = config.model.empty() ? locate_default_model() : locate_model(config.model);
    request.model = config.model_options;
    request.options = config.benchmark;
    Output nowhere(std::filesystem::path("/dev/null"));
    const auto writer = make_writer({RecordFormat::jsonl, request.folder.filename().string()}, nowhere);
    request.write = [&](const std::string& image, const Caption& caption) {
      writer->write({image, {caption}, {}, {}});
    };
    const BenchmarkReport report = run_benchmark(request);
    Output().write(config.json ? benchmark_json(request, report) : benchmark_table(request, report));
  } catch (const Error& error) {
    if (!concerns_one_image(error.kind())) throw;
    log::error(printable(error.what()));
    return ExitStatus::some_failed;
  }
  return ExitStatus::success;
}

}  // namespace caption::cli
