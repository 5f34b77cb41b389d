#include "cli/doctor/command.h"

#include "cli/bench/images.h"
#include "cli/doctor/text.h"
#include "cli/engine_library.h"
#include "cli/locate_model.h"
#include "files/output.h"
#include "base/log.h"

namespace caption::cli {
namespace {

constexpr int kPictures = 10;

}  // namespace

ExitStatus run(const DoctorConfig& config) {
  if (config.quiet) log::set_level(log::Level::quiet);
  BenchConfig pictures;
  pictures.benchmark.batch = kPictures;
  DoctorRequest request;
  request.folder = config.model.empty() ? locate_default_model() : locate_model(config.model);
  request.model = config.model_options;
  request.images = benchmark_images(pictures);
  const DoctorReport report = load_engine().doctor(request);
  Output().write(config.json ? doctor_json(request, report) : doctor_text(request, report));
  return report.healthy() ? ExitStatus::success : ExitStatus::failure;
}

}  // namespace caption::cli
