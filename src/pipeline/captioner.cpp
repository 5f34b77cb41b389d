#include "pipeline/captioner.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "model/bundle.h"
#include "kernels/parallel.h"
#include "image/image.h"
#include "image/resample.h"
#include "libtorch/engine/device.h"
#include "libtorch/engine/device_streams.h"
#include "explain/explain.h"
#include "libtorch/engine/gpu_parts.h"
#include "pipeline/language_model.h"
#include "image/open_opencv.h"
#include "libtorch/engine/search_on_device.h"
#include "pipeline/stages.h"
#include "pipeline/stream.h"
#include "libtorch/engine/transfer.h"

namespace caption {
namespace {

using Note = std::function<void(const std::string&)>;

class BundleModel : public PictureModel {
 public:
  BundleModel(const Bundle& bundle, const Transfer& transfer)
      : bundle_(bundle), transfer_(transfer), language_(*bundle.gpt2) {}

  void add(std::span<const Picture> pictures) override {
    const at::InferenceMode no_gradients;
    within_memory(transfer_.device, [&] { language_.add(prefix_of(bundle_, send(pictures, transfer_))); });
  }

  Logits step(std::span<const std::int32_t> tokens, std::span<const std::int32_t> parents,
              std::size_t joining) override {
    const at::InferenceMode no_gradients;
    return within_memory(transfer_.device, [&] { return language_.step(tokens, parents, joining); });
  }

 private:
  const Bundle& bundle_;
  const Transfer& transfer_;
  LanguageModel language_;
};

class BundleCaptioner : public Captioner {
 public:
  BundleCaptioner(Bundle bundle, const Compute& compute, ResizeFunction resize, Note note)
      : bundle_(std::move(bundle)),
        compute_(compute),
        note_(std::move(note)),
        transfer_{pixel_format(bundle_.manifest.image), compute.device, std::move(resize)} {
    if (!compute.device.is_cpu()) beside_ = other_stream(compute.device);
  }

  const std::string& name() const override { return bundle_.manifest.name; }

  Picture prepare(std::span<const std::byte> file_bytes, const ImageOptions& options) const override {
    RgbImage image = decode(file_bytes, options);
    std::vector<std::byte> thumbnail;
    if (options.thumbnail > 0) thumbnail = opencv_library().encode_thumbnail(image, options.thumbnail);
    Picture picture = prepare_picture(std::move(image), transfer_);
    picture.thumbnail = std::move(thumbnail);
    return picture;
  }

  std::unique_ptr<CaptionStream> stream(const DecodeOptions& options, const StreamOptions& sizes) override {
    const Describe describe_one = [this](Hypothesis hypothesis) {
      return describe(*bundle_.tokenizer, std::move(hypothesis));
    };
    const DecodeOptions decode = resolve(options);
    if (compute_.device.is_cpu() || decode.sample) {
      return make_stream(std::make_unique<BundleModel>(bundle_, transfer_), describe_one,
                         {{stop_token()}, decode, sizes});
    }
    validate(sizes);
    SearchParts parts = search_parts(*bundle_.gpt2, compute_, note_);
    const auto together = static_cast<std::size_t>(std::min(sizes.encode_batch, sizes.decode_batch));
    DeviceTask task({stop_token()}, decode, sizes.decode_batch, compute_.device);
    task.run = std::move(parts.run);
    task.top_k = std::move(parts.top_k);
    return make_stream(search_on_device(bundle_, {.search = std::move(task),
                                                  .transfer = transfer_,
                                                  .encode_batch = together,
                                                  .beside = beside_.value(),
                                                  .attention = std::move(parts.attention)}),
                       describe_one, sizes);
  }

  Explanation explain(const Picture& picture, const DecodeOptions& options,
                      const ExplainOptions& explanation) override {
    const at::InferenceMode no_gradients;
    Caption caption = explanation.text ? given(*explanation.text)
                                       : std::move(this->caption({picture}, options).at(0).at(0));
    const auto start = [&](std::span<const Picture> versions) {
      auto model = std::make_unique<BundleModel>(bundle_, transfer_);
      model->add(versions);
      return model;
    };
    const auto* const planned = std::get_if<std::shared_ptr<const PlannedImage>>(&picture.image);
    const Pixels pixels =
        planned != nullptr ? to_pixels((*planned)->image, transfer_.format) : std::get<Pixels>(picture.image);
    return explain_caption({pixels, std::move(caption), options.temperature}, *bundle_.tokenizer, start,
                           explanation);
  }

 private:
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

  Bundle bundle_;
  Compute compute_;
  Note note_;
  Transfer transfer_;
  std::optional<c10::Stream> beside_;  // one for all searches: its free memory serves the next one
};

std::unique_ptr<Captioner> load(const std::filesystem::path& folder, const Compute& compute,
                                ResizeFunction resize, Note note) {
  return within_memory(compute.device, [&] {
    return std::make_unique<BundleCaptioner>(load_bundle(folder, compute), compute, std::move(resize),
                                             std::move(note));
  });
}

}  // namespace

std::unique_ptr<Captioner> load_captioner(const std::filesystem::path& folder, const ModelOptions& options) {
  set_threads(options.threads);
  const Compute compute = resolve_compute(options, [&] { return count_weights(folder); });
  return load(folder, compute, resize_on(compute.device, options.note), options.note);
}

std::unique_ptr<Captioner> load_captioner(const std::filesystem::path& folder, const Compute& compute,
                                          ResizeFunction resize) {
  return load(folder, compute, std::move(resize), {});
}

}  // namespace caption
