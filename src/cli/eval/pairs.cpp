#include "cli/eval/pairs.h"

#include <algorithm>

#include "base/printable.h"
#include "caption/error.h"
#include "datasets/image_index.h"

namespace caption::cli {
namespace {

/// The one caption of each of the references' pictures, as far as there is one.
using Chosen = std::vector<std::optional<std::string>>;

Chosen choose(const ImageIndex& index, std::size_t count, const std::vector<AnnotatedImage>& captions,
              Pairs& pairs) {
  Chosen chosen(count);
  for (const AnnotatedImage& image : captions) {
    if (image.captions.empty()) {
      ++pairs.failed;
      continue;
    }
    const std::optional<std::size_t> at = index.find(image);
    if (!at) {
      pairs.without_references.push_back(image.name);
      continue;
    }
    if (image.captions.size() > 1 || chosen[*at]) {
      throw Error(ErrorKind::usage, "'" + printable(image.name) +
                                        "' has more than one caption: one for each picture is measured");
    }
    chosen[*at] = image.captions.front();
  }
  return chosen;
}

[[noreturn]] void refuse_nothing(const std::vector<AnnotatedImage>& references,
                                 const std::vector<AnnotatedImage>& captions) {
  const auto first = [](const std::vector<AnnotatedImage>& images) {
    return images.empty() ? std::string("nothing") : "'" + printable(images.front().name) + "'";
  };
  throw Error(ErrorKind::usage, "no captioned picture has references: the captions begin with " +
                                    first(captions) + ", the references with " + first(references));
}

}  // namespace

Pairs pair_up(const std::vector<AnnotatedImage>& references, const std::vector<AnnotatedImage>& captions,
              const std::vector<AnnotatedImage>* others) {
  Pairs pairs;
  const ImageIndex index(references);
  const Chosen first = choose(index, references.size(), captions, pairs);
  const Chosen second = others != nullptr ? choose(index, references.size(), *others, pairs) : Chosen();
  for (std::size_t i = 0; i < references.size(); ++i) {
    const bool captioned = first[i] && (others == nullptr || second[i]);
    if (references[i].captions.empty()) {
      if (first[i] || (others != nullptr && second[i]))
        pairs.without_references.push_back(references[i].name);
      continue;
    }
    if (!captioned) {
      ++pairs.not_captioned;
      continue;
    }
    pairs.images.push_back(references[i].name);
    pairs.captions.push_back({*first[i], references[i].captions});
    const auto blank = [](const std::string& text) {
      return text.find_first_not_of(" \t\r\n") == std::string::npos;
    };
    if (blank(*first[i])) ++pairs.empty;
    if (others == nullptr) continue;
    pairs.others.push_back(*second[i]);
    if (blank(*second[i])) ++pairs.empty;
  }
  if (pairs.images.empty()) refuse_nothing(references, captions);
  return pairs;
}

}  // namespace caption::cli
