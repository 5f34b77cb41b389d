#include "cli/model_flags.h"

#include <utility>
#include <vector>

#include "cli/suggestions.h"

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

std::string wrong_device(const ModelOptions& options) {
  const std::string& device = options.device;
  const bool numbered = device.starts_with("cuda:") && device.size() > 5 && device.size() <= 8 &&
                        device.find_first_not_of("0123456789", 5) == std::string::npos;
  if (numbered || device == "auto" || device == "cpu" || device == "cuda") return {};
  return "--device needs auto, cpu, cuda or cuda:N, not '" + device + "'" +
         did_you_mean(device, {"auto", "cpu", "cuda"});
}

}  // namespace

Flags<ModelOptions> model_flags() {
  return {
      name("--device", &ModelOptions::device, "DEVICE",
           "auto, cpu, cuda or cuda:N, the N-th GPU from 0 on; auto uses a GPU if possible [default " +
               ModelOptions().device + "]")
          .completed_by({Completion::Kind::words, {"auto", "cpu", "cuda"}})
          .check(wrong_device),
      choice(
          "--precision", &ModelOptions::precision, "TYPE", precisions(),
          "Type of the weights. fp32 is exact; fp16 (GPUs only) and bf16 take half the memory, int8 (the "
          "CPU only) a quarter; all are faster and may change captions, int8 more often; auto is fp16 on a "
          "GPU, on the CPU bf16 where that is faster, else fp32"),
      number("--threads", &ModelOptions::threads, {0, 1024},
             "Threads for the arithmetic; 0 is one per core. Captions do not depend on it"),
  };
}

std::string precision_name(Precision precision) {
  for (const auto& [name, value] : precisions()) {
    if (value == precision) return name;
  }
  throw Error(ErrorKind::internal, "a precision without a name");
}

Flags<ImageOptions> image_flags() {
  return {
      number("--max-megapixels", &ImageOptions::max_megapixels, {0.0, 100000.0, true},
             "Refuse images of more than X megapixels before decoding them"),
      choice("--truncated", &ImageOptions::accept_truncated, "WHAT", {{"refuse", false}, {"accept", true}},
             "What becomes of a JPEG of which the end is missing: accept captions it with grey in its "
             "place, and its record has the flag truncated"),
      on("--color-managed", &ImageOptions::color_managed,
         "Convert pictures that have an ICC profile to sRGB. The published models were trained "
         "without"),
      number("--frame", &ImageOptions::frame, {0, 1000000},
             "Which picture of an animation (GIF, PNG, WebP, AVIF, JPEG XL) or of a file of several (TIFF, "
             "HEIC, MPO), from 0 on; a file that has fewer is an error"),
      on("--svg", &ImageOptions::svg,
         "Read SVG drawings, too, with a shorter side of 512 pixels. Nothing that they refer to is opened"),
      choice("--sandbox", &ImageOptions::sandbox, "WHEN",
             {{"auto", Sandbox::automatic}, {"on", Sandbox::on}, {"off", Sandbox::off}},
             "Decode what is no JPEG or PNG in processes that can open no connections, and no files but "
             "fonts for --svg, with limits of memory and time; a decoder that crashes then costs one "
             "image. auto does so where the system permits it, on insists")};
}

}  // namespace caption::cli
