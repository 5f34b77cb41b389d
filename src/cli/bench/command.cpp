#include "cli/bench/command.h"

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "caption/error.h"
#include "cli/bench/images.h"
#include "cli/bench/text.h"
#include "cli/engine_library.h"
#include "cli/locate_model.h"
#include "files/output.h"
#include "base/printable.h"
#include "records/writers.h"
#include "base/log.h"

namespace caption::cli {

ExitStatus run(const BenchConfig& config) {
  if (config.quiet) log::set_level(log::Level::quiet);
  try {
    BenchmarkRequest request;
    request.images = benchmark_images(config);
    request.folder = config.model.empty() ? locate_default_model() : locate_model(config.model);
    request.model = config.model_options;
    request.options = config.benchmark;
    Output nowhere(std::filesystem::path("/dev/null"));
    const auto writer = make_writer({Format::jsonl, request.folder.filename().string()}, nowhere);
    request.write = [&](const std::string& image, const Caption& caption) {
      writer->write({image, {caption}, {}, {}});
    };
    const BenchmarkReport report = load_engine().benchmark(request);
    Output().write(config.json ? benchmark_json(request, report) : benchmark_table(request, report));
  } catch (const Error& error) {
    if (!concerns_one_image(error.kind())) throw;
    log::error(printable(error.what()));
    return ExitStatus::some_failed;
  }
  return ExitStatus::success;
}

}  // namespace caption::cli
