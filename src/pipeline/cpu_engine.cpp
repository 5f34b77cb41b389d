#include "pipeline/cpu_engine.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "caption/error.h"
#include "decode/searches.h"
#include "pipeline/way.h"

namespace caption {
namespace {

Tensor same(const Tensor& logits) {
  return logits;
}

/// The way of the pictures that join a search, and the search itself.
class CpuSearches : public PictureSearches {
 public:
  CpuSearches(const Bundle<Tensor>& bundle, const SearchTask& task)
      : bundle_(bundle),
        prompt_(task.wording.prompt),
        model_(*bundle.gpt2, same),
        searches_(model_, task.stop, task.decode, task.wording) {}

  void add(Picture picture) override { waiting_.push_back(std::move(picture)); }

  std::vector<Found> advance(std::size_t joining) override {
    if (joining > 0) {
      const auto pictures = std::span(waiting_).first(joining);
      const auto resolution = static_cast<int>(bundle_.encoder->resolution());
      const Tensor encoded = stack_embeddings(pictures);
      const Tensor embedding = encoded.defined()
                                   ? for_mapper(bundle_, encoded)
                                   : embedding_of(bundle_, stack_pixels(pictures, resolution));  // [B, D]
      const Tensor prefix = bundle_.mapper->map(embedding);                                      // [B, P, E]
      model_.add(bundle_.gpt2->with_prompt(prefix, prompt_));
      waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(joining));
    }
    return searches_.advance(joining);  // -> token ids of the images that have ended
  }

  std::size_t running() const override { return searches_.running(); }

 private:
  const Bundle<Tensor>& bundle_;
  std::vector<std::int32_t> prompt_;
  LanguageModel<Tensor> model_;
  Searches searches_;
  std::vector<Picture> waiting_;
};

class CpuEngine : public Engine {
 public:
  explicit CpuEngine(Bundle<Tensor> bundle)
      : bundle_(std::move(bundle)), format_(pixel_format(bundle_.manifest.image)) {}

  const Manifest& manifest() const override { return bundle_.manifest; }
  const Tokenizer& tokenizer() const override { return *bundle_.tokenizer; }
  std::int64_t most_tokens() const override { return caption::most_tokens(bundle_); }

  Picture prepare(RgbImage image) const override { return ready_picture(to_pixels(image, format_)); }

  std::unique_ptr<PictureSearches> searches(const SearchTask& task) override {
    return std::make_unique<CpuSearches>(bundle_, task);
  }

  Tensor embed(std::span<const Picture> pictures) override {
    return bundle_.encoder->encode(stack_pixels(pictures, format_.resolution));
  }

  std::unique_ptr<StepFunction> language_model(std::span<const Pixels> versions) override {
    std::vector<Picture> pictures;
    for (const Pixels& pixels : versions) pictures.push_back(ready_picture(pixels));
    auto model = std::make_unique<LanguageModel<Tensor>>(*bundle_.gpt2, same);
    model->add(prefix_of(bundle_, stack_pixels(pictures, format_.resolution)));
    return model;
  }

 private:
  Bundle<Tensor> bundle_;
  PixelFormat format_;
};

}  // namespace

Tensor stack_pixels(std::span<const Picture> pictures, int resolution) {
  Tensor pixels = Tensor::empty({static_cast<std::int64_t>(pictures.size()), 3, resolution, resolution});
  float* to = pixels.mutable_data();
  for (const Picture& picture : pictures) {
    const auto* own = std::get_if<Pixels>(&picture.image->content);
    if (own == nullptr || own->resolution != resolution ||
        own->values.size() * pictures.size() != static_cast<std::size_t>(pixels.numel())) {
      throw Error(ErrorKind::internal,
                  "a picture that was prepared for another model than this one of resolution " +
                      std::to_string(resolution));
    }
    to = std::copy(own->values.begin(), own->values.end(), to);
  }
  return pixels;
}

std::unique_ptr<Engine> make_cpu_engine(const std::filesystem::path& folder, const CpuCompute& compute) {
  return std::make_unique<CpuEngine>(load_cpu_bundle(folder, compute));
}

}  // namespace caption
