#include "pipeline/way.h"

#include <string>
#include <utility>

namespace caption {
namespace {

std::string trimmed(const std::string& text) {
  constexpr const char* kSpace = " \t\r\n\f\v";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

}  // namespace

PixelFormat pixel_format(const Manifest::Image& image) {
  PixelFormat format;
  format.resolution = static_cast<int>(image.resolution);
  for (std::size_t c = 0; c < image.mean.size(); ++c) {
    format.mean[c] = static_cast<float>(image.mean[c]);
    format.std[c] = static_cast<float>(image.std[c]);
  }
  format.fit = image.fit == "stretch" ? Fit::stretch : Fit::crop;
  return format;
}

Caption describe(const Tokenizer& tokenizer, Hypothesis hypothesis, std::optional<double> unsure_below) {
  const auto count = static_cast<double>(hypothesis.tokens.size());
  std::string text = trimmed(tokenizer.decode(hypothesis.tokens));
  const double mean = count > 0 ? hypothesis.score / count : 0;
  return {std::move(text), std::move(hypothesis.tokens), hypothesis.score, mean,
          unsure_below && mean < *unsure_below};
}

}  // namespace caption
