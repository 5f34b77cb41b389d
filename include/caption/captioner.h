#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "caption/error.h"
#include "caption/options.h"

namespace caption {

/// One picture as the image encoder takes it.
struct Pixels {
  int resolution = 0;                ///< R
  std::vector<float> values;         ///< [3, R, R], RGB, normalised per channel
  std::vector<std::byte> thumbnail;  ///< the whole picture, upright, as a small JPEG, if it was asked for
};

/// One caption of one image.
struct Caption {
  std::string text;                  ///< UTF-8, white space at both ends removed
  std::vector<std::int32_t> tokens;  ///< with the stop token, if it was reached
  double score = 0;                  ///< sum of the tokens' log-probabilities (natural logarithm)
  double mean_logprob = 0;           ///< score / number of tokens
};

struct Explanation;     // see caption/explanation.h
struct ExplainOptions;  // likewise

/// A loaded model. Made by `load_captioner`; lives until its last user lets go.
class Captioner {
 public:
  virtual ~Captioner() = default;

  /// The bundle's name, as in its model.json.
  virtual const std::string& name() const = 0;

  /// Decodes, turns upright, resizes, crops and normalises one image file's bytes. Safe to call from several
  /// threads. Throws Error of a kind that concerns one image.
  virtual Pixels prepare(std::span<const std::byte> file_bytes, const ImageOptions& options) const = 0;

  /// Captions of B images, n_best each, best first. The result for an image does not depend on the others.
  /// One call at a time. Throws Error(usage) if the options do not fit the model.
  virtual std::vector<std::vector<Caption>> caption(std::span<const Pixels> images,
                                                    const DecodeOptions& options) = 0;

  /// Which words of an image's best caption, or of a given text, came from where, and what else could have
  /// stood there. One call at a time. Throws Error(usage) if the options or the text do not fit the model.
  virtual Explanation explain(const Pixels& image, const DecodeOptions& options,
                              const ExplainOptions& explanation) = 0;
};

/// Loads the bundle in `folder` and checks every tensor. Throws Error(model).
std::unique_ptr<Captioner> load_captioner(const std::filesystem::path& folder, const ModelOptions& options);

}  // namespace caption
