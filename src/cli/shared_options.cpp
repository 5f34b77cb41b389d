#include "cli/shared_options.h"

#include <utility>
#include <vector>

#include "base/log.h"
#include "caption/error.h"
#include "cli/parser.h"

namespace caption::cli {
namespace {

const std::vector<std::pair<std::string, Precision>>& precisions() {
  static const std::vector<std::pair<std::string, Precision>> all = {{"fp32", Precision::fp32},
                                                                     {"fp16", Precision::fp16},
                                                                     {"bf16", Precision::bf16},
                                                                     {"int8", Precision::int8},
                                                                     {"auto", Precision::automatic}};
  return all;
}

}  // namespace

void add_model_name(CLI::App& app, std::string& model) {
  add_name(app, "--model", model, "NAME",
           "A model's name (see 'caption models list') or its folder [default conceptual if it is installed, "
           "else demo]")
      ->group("Model");
}

void add_device(CLI::App& app, std::string& device) {
  add_name(app, "--device", device, "DEVICE",
           "auto, cpu, cuda or cuda:N, the N-th GPU from 0 on; auto takes a GPU if it can [default " +
               device + "]")
      ->group("Model");
}

void add_model_options(CLI::App& app, std::string& model, ModelOptions& options) {
  add_model_name(app, model);
  add_device(app, options.device);
  add_arithmetic(app, options);
  options.note = [](const std::string& message) { log::info(message); };
}

void add_arithmetic(CLI::App& app, ModelOptions& options) {
  add_choice<Precision>(app, "--precision", options.precision, "TYPE", precisions(),
                        "Type of the weights. fp32 is exact; fp16 (GPUs only) and bf16 take half the memory, "
                        "int8 (the CPU only) a "
                        "quarter; all are faster and may change captions, int8 more often; auto is fp16 on a "
                        "GPU, on the CPU bf16 where "
                        "that is faster, else fp32")
      ->group("Model");
  add_number(app, "--threads", options.threads, {0, 1024},
             "Threads for the arithmetic; 0 is one per core. Captions do not depend on it")
      ->group("Model");
}

std::string precision_name(Precision precision) {
  for (const auto& [name, value] : precisions()) {
    if (value == precision) return name;
  }
  throw Error(ErrorKind::internal, "a precision without a name");
}

CLI::Option* add_max_megapixels(CLI::App& app, ImageOptions& options) {
  return add_number(app, "--max-megapixels", options.max_megapixels, {0.0, 100000.0, true},
                    "Refuse larger images before they are decoded")
      ->group("Inputs");
}

CLI::Option* add_beam(CLI::App& app, DecodeOptions& options) {
  return add_number(app, "--beam", options.beam, {1, kMostHypotheses},
                    "Width of the beam search; 1 is greedy")
      ->group("Captions");
}

CLI::Option* add_max_tokens(CLI::App& app, DecodeOptions& options) {
  return add_number(app, "--max-tokens", options.max_tokens, {0, 100000},
                    "End a caption after so many tokens; 0 is the model's own limit")
      ->group("Captions");
}

void check_device(const std::string& device, const std::string& command) {
  const bool numbered = device.starts_with("cuda:") && device.size() > 5 && device.size() <= 8 &&
                        device.find_first_not_of("0123456789", 5) == std::string::npos;
  if (numbered || device == "auto" || device == "cpu" || device == "cuda") return;
  throw Error(ErrorKind::usage, std::string("--device needs auto, cpu, cuda or cuda:N, not '")
                                    .append(device)
                                    .append("'")
                                    .append(did_you_mean(device, {"auto", "cpu", "cuda"}))
                                    .append("; see '")
                                    .append(command)
                                    .append(" --help'"));
}

}  // namespace caption::cli
