#include "doctor/parity.h"

#include <utility>

#include "caption/error.h"
#include "kernels/kernels.h"

namespace caption {
namespace {

using kernels::InstructionSet;

/// The portable kernels, while it lives.
class Portable {
 public:
  explicit Portable(bool wanted) {
    if (wanted) kernels::force(InstructionSet::portable);
  }
  Portable(const Portable&) = delete;
  Portable& operator=(const Portable&) = delete;
  ~Portable() {
    for (const InstructionSet set : kernels::kInstructionSets) {
      if (kernels::find(set) == before_) kernels::force(set);
    }
  }

 private:
  const kernels::Kernels* before_ = &kernels::active();
};

ModelOptions options_for(const DoctorRequest& request, const std::string& device, Precision precision) {
  ModelOptions options = request.model;
  options.device = device;
  options.precision = precision;
  return options;
}

std::size_t count_same(const std::vector<std::vector<std::int32_t>>& a,
                       const std::vector<std::vector<std::int32_t>>& b) {
  std::size_t same = 0;
  for (std::size_t i = 0; i < a.size(); ++i) same += a.at(i) == b.at(i) ? 1 : 0;
  return same;
}

}  // namespace

std::vector<Picture> prepare_all(const Captioner& captioner, const std::vector<BenchmarkImage>& images) {
  std::vector<Picture> pictures;
  for (const BenchmarkImage& image : images)
    pictures.push_back(captioner.prepare(image.file, ImageOptions{}));
  return pictures;
}

ParityTokens parity_tokens(Captioner& captioner, const std::vector<BenchmarkImage>& images) {
  const std::vector<Picture> pictures = prepare_all(captioner, images);
  const auto tokens = [&](int beam) {
    DecodeOptions decode;
    decode.beam = beam;
    std::vector<std::vector<std::int32_t>> all;
    for (std::vector<Caption>& captions :
         captioner.caption(pictures, decode, {.encode_batch = 2, .decode_batch = 3}))
      all.push_back(std::move(captions.at(0).tokens));
    return all;
  };
  return {tokens(1), tokens(5)};
}

std::string agreement(const ParityTokens& tokens, const ParityTokens& expected, bool exact) {
  const std::size_t all = expected.greedy.size();
  const std::size_t greedy = count_same(tokens.greedy, expected.greedy);
  const std::size_t beam5 = count_same(tokens.beam5, expected.beam5);
  std::string text = std::to_string(greedy) + " of " + std::to_string(all) + " greedy captions and " +
                     std::to_string(beam5) + " with beam 5 are those of fp32 on the CPU";
  const bool good = exact ? greedy + beam5 == 2 * all : greedy + beam5 > all;  // of 2 * all
  if (good) return text;
  throw Error(ErrorKind::model, text + (exact ? ", and all should be" : ", and most should be") +
                                    ": do not trust this device's captions, and send this report to those "
                                    "who make caption");
}

ParityTokens expected_tokens(const DoctorRequest& request, bool portable) {
  const Portable used(portable);
  const auto captioner = load_captioner(request.folder, options_for(request, "cpu", Precision::fp32));
  return parity_tokens(*captioner, request.images);
}

void check_parity(Checks& checks, const DoctorRequest& request, const std::string& device,
                  const ParityTokens& expected) {
  const bool cpu = device == "cpu";
  const std::pair<const char*, Precision> precisions[] = {
      {"parity fp32", Precision::fp32},
      {cpu ? "parity bf16" : "parity fp16", cpu ? Precision::bf16 : Precision::fp16},
      {cpu ? "parity int8" : "parity bf16", cpu ? Precision::int8 : Precision::bf16}};
  for (const auto& line : precisions) {
    const auto* name = line.first;
    const Precision precision = line.second;
    if (cpu && precision == Precision::fp32 &&
        &kernels::active() == kernels::find(InstructionSet::portable)) {
      checks.skip(name, "this processor has the portable kernels only, beside which there is nothing to see");
      continue;
    }
    checks.look(name, [&] {
      const auto captioner = load_captioner(request.folder, options_for(request, device, precision));
      return agreement(parity_tokens(*captioner, request.images), expected, precision == Precision::fp32);
    });
  }
}

}  // namespace caption
