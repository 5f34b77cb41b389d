#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "caption/captioner.h"
#include "doctor/checks.h"

namespace caption {

/// Token ids of the best caption of each picture: greedy ones, and those of a beam of 5.
struct ParityTokens {
  std::vector<std::vector<std::int32_t>> greedy;
  std::vector<std::vector<std::int32_t>> beam5;
};

/// Image files as the captioner takes them.
std::vector<Picture> prepare_all(const Captioner& captioner, const std::vector<BenchmarkImage>& images);

/// Captions of image files, a few at a time: so a device encodes some while it writes the captions of others.
ParityTokens parity_tokens(Captioner& captioner, const std::vector<BenchmarkImage>& images);

/// "9 of 10 greedy captions and 10 with beam 5 are those of fp32 on the CPU". Throws Error(model) unless all
/// are, if they must be `exact`, and else unless more than half are: rounding does not change most captions.
std::string agreement(const ParityTokens& tokens, const ParityTokens& expected, bool exact);

/// What the CPU gives for the request's images in fp32, with the portable kernels if `portable`. Throws
/// Error.
ParityTokens expected_tokens(const DoctorRequest& request, bool portable);

/// A line for each precision that `device` has.
void check_parity(Checks& checks, const DoctorRequest& request, const std::string& device,
                  const ParityTokens& expected);

}  // namespace caption
