#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "caption/error.h"
#include "decode/search.h"
#include "gpt2/gpt2.h"
#include "image/image.h"
#include "model/bundle.h"
#include "pipeline/picture.h"

namespace caption {

// The way of pictures through a model, stage by stage, for any type of tensors: what the engines share, and
// what the benchmark times.

/// How the bundle's encoder takes a picture.
PixelFormat pixel_format(const Manifest::Image& image);

/// embedding [B, D] as the encoder gives it -> as the mapper takes it
template <typename T>
T for_mapper(const Bundle<T>& bundle, const T& embedding) {
  return bundle.manifest.mapper.normalize ? Ops<T>::normalised(embedding) : embedding;
}

/// pixels [B, 3, R, R] -> embedding [B, D], as the mapper takes it
template <typename T>
T embedding_of(const Bundle<T>& bundle, const T& pixels) {
  return for_mapper(bundle, bundle.encoder->encode(pixels));
}

/// pixels [B, 3, R, R] -> prefix [B, P, E]
template <typename T>
T prefix_of(const Bundle<T>& bundle, const T& pixels) {
  const T embedding = embedding_of(bundle, pixels);  // [B, D]
  return bundle.mapper->map(embedding);              // [B, P, E]
}

/// What a search's result is described by.
struct Described {
  const Tokenizer& tokenizer;
  StopRule stop;                       ///< the search's
  std::vector<std::int32_t> prompt;    ///< likewise
  std::optional<double> unsure_below;  ///< the model's, if it has one
};

/// A search's result with its text: token ids -> text behind the prompt, without white space at both ends and
/// without tokens that stand for no text.
Caption describe(const Described& by, Hypothesis hypothesis);

/// The same of the `most` best of a picture's sequences that differ as texts: tokens may differ where no text
/// does.
std::vector<Caption> describe_distinct(const Described& by, std::vector<Hypothesis> hypotheses,
                                       std::size_t most);

/// Whether a text is degenerate: the same one or more words three times in a row, at least four words of it,
/// or the same characters four times or more, at least 16 bytes of them.
bool repeats_itself(std::string_view text);

/// What fits into the language model's positions behind the prefix.
template <typename T>
std::int64_t most_tokens(const Bundle<T>& bundle) {
  return bundle.gpt2->sizes().context - bundle.mapper->prefix_length();
}

/// GPT-2 behind images, as a search sees it.
template <typename T>
class LanguageModel : public StepFunction {
 public:
  /// How logits come to the CPU.
  using Fetch = std::function<Tensor(const T&)>;

  LanguageModel(const Gpt2<T>& gpt2, Fetch fetch) : session_(gpt2), fetch_(std::move(fetch)) {}

  /// prefixes [B, P, E] of the next images; those before have joined.
  void add(T prefixes) { prefixes_ = std::move(prefixes); }

  /// Throws Error(internal) if `joining` is neither 0 nor the number of the images that were added.
  Logits step(std::span<const std::int32_t> tokens, std::span<const std::int32_t> parents,
              std::size_t joining) override {
    const auto waiting = static_cast<std::size_t>(prefixes_.defined() ? prefixes_.size(0) : 0);
    if (joining != 0 && joining != waiting) {
      throw Error(ErrorKind::internal,
                  std::to_string(joining) + " images join, but " + std::to_string(waiting) + " were added");
    }
    const T prefixes = joining == 0 ? T() : std::exchange(prefixes_, {});
    logits_ = fetch_(session_.step(tokens, parents, prefixes));  // [R + B, V]
    const auto rows = static_cast<std::size_t>(logits_.size(0));
    const auto vocabulary = static_cast<std::size_t>(logits_.size(1));
    return {{logits_.data(), rows * vocabulary}, rows, vocabulary};
  }

 private:
  Gpt2Session<T> session_;
  Fetch fetch_;
  T prefixes_;
  Tensor logits_;  // keeps the values alive until the next call
};

}  // namespace caption
