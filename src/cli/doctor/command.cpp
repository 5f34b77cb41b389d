#include "cli/doctor/command.h"

#include <cstddef>

#include "base/log.h"
#include "cli/doctor/text.h"
#include "cli/example_images.h"
#include "cli/locate_model.h"
#include "doctor/doctor.h"
#include "files/output.h"

namespace caption::cli {
namespace {

constexpr std::size_t kPictures = 10;

}  // namespace

ExitStatus run(const DoctorConfig& config) {
  if (config.quiet) log::set_level(log::Level::quiet);
  DoctorRequest request;
  request.folder = config.model.empty() ? locate_default_model() : locate_model(config.model);
  request.model = config.model_options;
  request.images = example_images(kPictures);
  const DoctorReport report = run_doctor(request);
  Output().write(config.json ? doctor_json(request, report) : doctor_text(request, report));
  return report.healthy() ? ExitStatus::success : ExitStatus::failure;
}

}  // namespace caption::cli
