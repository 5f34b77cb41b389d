#include "caption/captioner.h"

#include <ATen/ATen.h>

#include <utility>

#include "bundle/bundle.h"
#include "core/parallel.h"
#include "decode/search.h"
#include "image/image.h"
#include "image/thumbnail.h"
#include "pipeline/device.h"
#include "pipeline/explain.h"
#include "pipeline/language_model.h"
#include "pipeline/stages.h"

namespace caption {
namespace {

class BundleCaptioner : public Captioner {
 public:
  BundleCaptioner(Bundle bundle, const Compute& compute)
      : bundle_(std::move(bundle)), compute_(compute), format_(pixel_format(bundle_.manifest.image)) {}

  const std::string& name() const override { return bundle_.manifest.name; }

  Pixels prepare(std::span<const std::byte> file_bytes, const ImageOptions& options) const override {
    const RgbImage image = decode_image(file_bytes, options);
    Pixels pixels = to_pixels(image, format_);
    if (options.thumbnail > 0) pixels.thumbnail = encode_thumbnail(image, options.thumbnail);
    return pixels;
  }

  std::vector<std::vector<Caption>> caption(std::span<const Pixels> images,
                                            const DecodeOptions& asked) override {
    if (images.empty()) return {};
    const DecodeOptions options = resolve(asked);
    const at::InferenceMode no_gradients;
    LanguageModel model(*bundle_.gpt2, prefix_of(images), options.max_tokens);
    return describe_all(search(model, {stop_token()}, options));  // [B][n_best]
  }

  Explanation explain(const Pixels& image, const DecodeOptions& options,
                      const ExplainOptions& explanation) override {
    const at::InferenceMode no_gradients;
    Caption caption = explanation.text ? given(*explanation.text)
                                       : std::move(this->caption({&image, 1}, options).at(0).at(0));
    const auto steps = static_cast<std::int64_t>(caption.tokens.size()) - 1;
    const auto start = [&](std::span<const Pixels> versions) {
      return std::make_unique<LanguageModel>(*bundle_.gpt2, prefix_of(versions), steps);
    };
    return explain_caption({image, std::move(caption), options.temperature}, *bundle_.tokenizer, start,
                           explanation);
  }

 private:
  /// B images -> prefix [B, P, E]
  at::Tensor prefix_of(std::span<const Pixels> images) const {
    const at::Tensor pixels = stack(images, format_.resolution, compute_.device);  // [B, 3, R, R]
    const at::Tensor embedding = embed(bundle_, pixels);                           // [B, D]
    return bundle_.mapper->map(embedding);                                         // [B, P, E]
  }

  std::int32_t stop_token() const { return static_cast<std::int32_t>(bundle_.manifest.stop.token); }

  /// The options with the model's own maximum in place of "as the model says".
  DecodeOptions resolve(DecodeOptions options) const {
    if (options.max_tokens == 0) options.max_tokens = static_cast<int>(bundle_.manifest.stop.max_tokens);
    const std::int64_t most = most_tokens(bundle_);
    if (options.max_tokens < 0 || options.max_tokens > most) {
      throw Error(ErrorKind::usage, "--max-tokens " + std::to_string(options.max_tokens) + ": the model '" +
                                        name() + "' takes 1 to " + std::to_string(most) +
                                        " (its positions less the prefix)");
    }
    return options;
  }

  /// A text as if the model had written it; its score is not known yet.
  Caption given(const std::string& text) const {
    Caption caption{text, bundle_.tokenizer->encode(text)};
    if (caption.tokens.empty()) throw Error(ErrorKind::usage, "the text to explain is empty");
    // A stop token that is text, as GPT-2's ".", is the writer's business.
    if (bundle_.tokenizer->piece(stop_token()).special) caption.tokens.push_back(stop_token());
    const auto count = static_cast<std::int64_t>(caption.tokens.size());
    if (count > most_tokens(bundle_)) {
      throw Error(ErrorKind::usage, "the text to explain has " + std::to_string(count) +
                                        " tokens: the model '" + name() + "' takes at most " +
                                        std::to_string(most_tokens(bundle_)));
    }
    return caption;
  }

  std::vector<std::vector<Caption>> describe_all(std::vector<std::vector<Hypothesis>> found) const {
    std::vector<std::vector<Caption>> captions;
    for (std::vector<Hypothesis>& of_image : found) {
      std::vector<Caption>& list = captions.emplace_back();
      for (Hypothesis& one : of_image) list.push_back(describe(*bundle_.tokenizer, std::move(one)));
    }
    return captions;
  }

  Bundle bundle_;
  Compute compute_;
  PixelFormat format_;
};

}  // namespace

std::unique_ptr<Captioner> load_captioner(const std::filesystem::path& folder, const ModelOptions& options) {
  set_threads(options.threads);
  const Compute compute = resolve_compute(options);
  return std::make_unique<BundleCaptioner>(load_bundle(folder, compute), compute);
}

}  // namespace caption
