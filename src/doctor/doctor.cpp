#include "doctor/doctor.h"

#include <cstdio>
#include <optional>
#include <string>

#include "caption/error.h"
#include "doctor/box.h"
#include "doctor/device.h"
#include "doctor/kernel_speed.h"
#include "doctor/kernels.h"
#include "doctor/parity.h"
#include "doctor/speed.h"
#include "image/boxed_decode.h"
#include "kernels/kernels.h"
#include "kernels/parallel.h"
#include "model/bundle.h"
#include "model/sizes.h"
#include "model/verify.h"
#include "pipeline/gpu_library.h"

namespace caption {
namespace {

/// 0 is not known.
std::string rounded(double value, const char* unit) {
  if (value <= 0) return std::string("an unknown number of ") + unit;
  char text[64];
  std::snprintf(text, sizeof text, "%.0f %s", value, unit);
  return text;
}

/// Number of its weights, or nothing after a line that says what is wrong with it.
std::optional<std::int64_t> examine_model(Checks& checks, const std::filesystem::path& folder) {
  std::optional<std::int64_t> weights;
  checks.look("model", [&] {
    verify_bundle(folder);
    weights = count_weights(folder);
    return folder.filename().string() + ", " + std::to_string(*weights) + " weights; its files are whole";
  });
  return weights;
}

void check_own_gpu_kernels(Checks& checks, const ExaminedDevice& device) {
  if (device.own_kernels)
    return check_gpu_kernels(checks, [&] { return gpu_library().compare_kernels(device.index); });
  checks.skip("gpu kernels", device.name == "cpu" ? "no GPU in use" : "none to check");
}

/// The captions on the device beside the CPU's -> whether the CPU has any; if not, a line says why.
bool check_captions(Checks& checks, const DoctorRequest& request, const std::string& device) {
  const bool cpu = device == "cpu";
  ParityTokens expected;
  // What the CPU gives cannot be told from itself: there, the portable kernels are the other side.
  const bool captioned = checks.look("captions", [&] {
    expected = expected_tokens(request, cpu);
    return std::to_string(request.images.size()) + " pictures, captioned by the CPU in fp32" +
           (cpu ? " with portable kernels" : "");
  });
  if (captioned) check_parity(checks, request, device, expected);
  return captioned;
}

void measure(Checks& checks, const DoctorRequest& request, const ExaminedDevice& device,
             DoctorReport& report) {
  SpeedTask task;
  task.cpu = device.name == "cpu";
  task.t4 = device.description.find("T4") != std::string::npos;
  task.precision = task.cpu ? Precision::fp32 : Precision::fp16;
  const bool measured = checks.look("limits", [&] {
    report.limits = task.cpu ? cpu_limits() : gpu_library().measure_limits(device.index);
    const std::string memory = rounded(report.limits.memory_gb_per_s, "GB/s");
    if (!task.cpu)
      return "copies " + memory + ", multiplies fp16 at " +
             rounded(report.limits.fp16_gflop_per_s, "GFLOP/s");
    return "reads " + memory + ", multiplies fp32 at " + rounded(report.limits.fp32_gflop_per_s, "GFLOP/s");
  });
  if (!measured) return checks.skip("speed", "no limits to compare with");
  task.limits = report.limits;
  if (task.cpu) check_kernel_speeds(checks, measure_kernel_speeds(report.limits));
  checks.look("speed", [&] {
    task.sizes = read_sizes(request.folder);
    ModelOptions options = request.model;
    options.device = device.name;
    options.precision = task.precision;
    const auto captioner = load_captioner(request.folder, options);
    report.speeds = measure_speeds(*captioner, prepare_all(*captioner, request.images), task);
    return rounded(report.speeds.back().images_per_second, "images per second") + " with beam 5, " +
           std::to_string(report.speeds.back().batch) + " at a time";
  });
}

}  // namespace

DoctorReport run_doctor(const DoctorRequest& request) {
  set_threads(request.model.threads);
  Checks checks;
  DoctorReport report;
  const std::optional<std::int64_t> weights = examine_model(checks, request.folder);
  const ExaminedDevice device = examine_device(checks, request.model.device, weights.value_or(0));
  examine_machine(checks, weights.value_or(0));
  check_box(checks, examine_box());
  check_cpu_kernels(checks);
  check_own_gpu_kernels(checks, device);
  bool captioned = false;
  if (!device.usable || !weights) {
    checks.skip("captions", weights ? "the device cannot be used" : "the model cannot be used");
  } else {
    captioned = check_captions(checks, request, device.name);
  }
  if (captioned) {
    measure(checks, request, device, report);
  } else {
    checks.skip("speed", "there are no captions to time");
  }
  report.device = device.usable ? device.name : request.model.device;
  report.device_name = device.name == "cpu" ? std::string(kernels::active().name) : device.description;
  report.checks = checks.take();
  return report;
}

}  // namespace caption
