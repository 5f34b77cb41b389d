#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "datasets/annotations.h"
#include "eval/metrics.h"

namespace caption::cli {

/// Pictures with captions and references, in the order of the references, and what could not be paired.
struct Pairs {
  std::vector<std::string> images;  ///< names, as the references have them
  std::vector<eval::Captions> captions;
  std::vector<std::string> others;  ///< second captions, if there is a second file

  std::vector<std::string> without_references;  ///< captioned pictures that the references do not have
  std::size_t failed = 0;                       ///< records with an error in the place of a caption
  std::size_t not_captioned = 0;                ///< pictures that only the references have
  std::size_t empty = 0;                        ///< captions without a word
};

/// `captions` and, if there is one, the second file: with one caption for each picture. Throws Error(usage)
/// if a picture has several, or nothing is left.
Pairs pair_up(const std::vector<AnnotatedImage>& references, const std::vector<AnnotatedImage>& captions,
              const std::vector<AnnotatedImage>* others);

}  // namespace caption::cli
