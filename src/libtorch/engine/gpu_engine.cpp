#include "libtorch/engine/gpu_engine.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "decode/searches.h"
#include "libtorch/engine/device_streams.h"
#include "libtorch/engine/prefixes.h"
#include "libtorch/engine/search_on_device.h"
#include "libtorch/engine/use_libtorch.h"
#include "libtorch/layers/convert.h"
#include "pipeline/way.h"

namespace caption {
namespace {

/// The language model behind pictures, whose logits come to the CPU.
class FetchedModel : public StepFunction {
 public:
  FetchedModel(const Bundle<at::Tensor>& bundle, const Transfer& transfer,
               std::vector<std::int32_t> prompt = {})
      : bundle_(bundle), transfer_(transfer), prompt_(std::move(prompt)), model_(*bundle.gpt2, fetch) {}

  /// The next images; those before have joined.
  void add(std::span<const Picture> pictures) {
    use_libtorch(transfer_.device, [&] {
      model_.add(bundle_.gpt2->with_prompt(prefixes_of(bundle_, pictures, transfer_), prompt_));
    });
  }

  Logits step(std::span<const std::int32_t> tokens, std::span<const std::int32_t> parents,
              std::size_t joining) override {
    return use_libtorch(transfer_.device, [&] { return model_.step(tokens, parents, joining); });
  }

 private:
  const Bundle<at::Tensor>& bundle_;
  const Transfer& transfer_;
  std::vector<std::int32_t> prompt_;
  LanguageModel<at::Tensor> model_;
};

/// Searches on the CPU over logits that come from the device.
class FetchedSearches : public PictureSearches {
 public:
  FetchedSearches(const Bundle<at::Tensor>& bundle, const Transfer& transfer, const SearchTask& task)
      : model_(bundle, transfer, task.wording.prompt),
        searches_(model_, task.stop, task.decode, task.wording) {}

  void add(Picture picture) override { waiting_.push_back(std::move(picture)); }

  std::vector<Found> advance(std::size_t joining) override {
    if (joining > 0) model_.add(std::span(waiting_).first(joining));
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(joining));
    return searches_.advance(joining);
  }

  std::size_t running() const override { return searches_.running(); }

 private:
  FetchedModel model_;
  Searches searches_;
  std::vector<Picture> waiting_;
};

class GpuEngine : public Engine {
 public:
  GpuEngine(Bundle<at::Tensor> bundle, at::Device device, ResizeFunction resize, Note note)
      : bundle_(std::move(bundle)),
        note_(std::move(note)),
        transfer_{pixel_format(bundle_.manifest.image), device, std::move(resize)},
        encoding_(other_stream(device)) {}

  const Manifest& manifest() const override { return bundle_.manifest; }
  const Tokenizer& tokenizer() const override { return *bundle_.tokenizer; }
  std::int64_t most_tokens() const override { return caption::most_tokens(bundle_); }

  Picture prepare(RgbImage image) const override { return prepare_picture(std::move(image), transfer_); }

  std::unique_ptr<PictureSearches> searches(const SearchTask& task) override {
    if (!is_of_devices(task.decode)) return std::make_unique<FetchedSearches>(bundle_, transfer_, task);
    SearchParts parts = search_parts(*bundle_.gpt2, note_);
    DeviceTask search(task.stop, task.decode, task.sizes.decode_batch, transfer_.device, task.wording);
    search.run = std::move(parts.run);
    search.top_k = std::move(parts.top_k);
    const auto together =
        static_cast<std::size_t>(std::min(task.sizes.encode_batch, task.sizes.decode_batch));
    return search_on_device(bundle_, {.search = std::move(search),
                                      .transfer = transfer_,
                                      .encode_batch = together,
                                      .beside = encoding_,
                                      .attention = std::move(parts.attention)});
  }

  Tensor embed(std::span<const Picture> pictures) override {
    return use_libtorch(transfer_.device, [&] {
      return fetch(bundle_.encoder->encode(send(pictures, transfer_)).to(at::kFloat));  // [B, D]
    });
  }

  std::unique_ptr<StepFunction> language_model(std::span<const Pixels> versions) override {
    std::vector<Picture> pictures;
    for (const Pixels& pixels : versions) pictures.push_back(ready_picture(pixels));
    auto model = std::make_unique<FetchedModel>(bundle_, transfer_);
    model->add(pictures);
    return model;
  }

 private:
  Bundle<at::Tensor> bundle_;
  Note note_;
  Transfer transfer_;
  c10::Stream encoding_;  // one for all searches: its free memory serves the next one
};

}  // namespace

std::unique_ptr<Engine> make_engine_on(const std::filesystem::path& folder, const TorchCompute& compute,
                                       ResizeFunction resize, Note note) {
  return use_libtorch(compute.device, [&] {
    return std::make_unique<GpuEngine>(
        load_bundle<at::Tensor>(folder, read_complete_manifest(folder), compute), compute.device,
        std::move(resize), std::move(note));
  });
}

}  // namespace caption
