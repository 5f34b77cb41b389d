#include "pipeline/device.h"

#include <ATen/Context.h>

#include <string>

#include "caption/error.h"

namespace caption {
namespace {

at::Device resolve_device(const std::string& name) {
  const bool cuda = name == "cuda" || (name.starts_with("cuda:") && name.size() > 5 && name.size() <= 8 &&
                                       name.find_first_not_of("0123456789", 5) == std::string::npos);
  if (!cuda && name != "auto" && name != "cpu") {
    throw Error(ErrorKind::usage, "--device '" + name + "': expected auto, cpu, cuda or cuda:N");
  }
  if (name == "cpu" || (name == "auto" && !at::hasCUDA())) return at::kCPU;
  if (!at::hasCUDA()) {
    throw Error(ErrorKind::model,
                "--device " + name +
                    ": this installation has LibTorch's CPU libraries only, so no GPU can be used; use "
                    "--device cpu or --device auto");
  }
  return name == "auto" ? at::Device("cuda") : at::Device(name);
}

}  // namespace

Compute resolve_compute(const ModelOptions& options) {
  Compute compute;
  compute.device = resolve_device(options.device);
  compute.weights = options.precision == Precision::bf16 ? at::kBFloat16 : at::kFloat;
  return compute;
}

}  // namespace caption
