#include "libtorch/engine/search_on_device.h"

#include <utility>

#include "libtorch/engine/encode_ahead.h"
#include "libtorch/engine/use_libtorch.h"

namespace caption {
namespace {

/// GPT-2 as a search on a device sees it: its images are pictures.
class SlotLanguageModel : public SlotModel {
 public:
  SlotLanguageModel(const Gpt2<at::Tensor>& gpt2, const SlotSizes& sizes, StepAttentionFunction attention,
                    EncodeAhead& images)
      : vocabulary_(gpt2.sizes().tokens), slots_(gpt2, sizes, std::move(attention)), images_(images) {}

  std::int64_t vocabulary() const override { return vocabulary_; }
  at::Tensor begin(const at::Tensor& slots) override {
    return slots_.begin(slots, images_.take(static_cast<std::size_t>(slots.size(0))));
  }
  at::Tensor step(const at::Tensor& tokens, const at::Tensor& parents, std::int64_t longest) override {
    return slots_.step(tokens, parents, longest);
  }

 private:
  std::int64_t vocabulary_;
  Gpt2Slots slots_;
  EncodeAhead& images_;
};

std::int64_t prompt_length(const DeviceTask& task) {
  return static_cast<std::int64_t>(task.wording.prompt.size());
}

class BundleSearches : public PictureSearches {
 public:
  BundleSearches(const Bundle<at::Tensor>& bundle, PictureTask task)
      : device_(task.search.device),
        images_(bundle, std::move(task.transfer), task.encode_batch, task.beside, task.search.wording.prompt),
        model_(*bundle.gpt2,
               {.slots = task.search.slots,
                .beams = task.search.decode.beam,
                .prefix = bundle.mapper->prefix_length() + prompt_length(task.search),
                .tokens = task.search.decode.max_tokens},
               std::move(task.attention), images_),
        searches_(model_, task.search) {}

  void add(Picture picture) override { images_.add(std::move(picture)); }

  std::vector<Found> advance(std::size_t joining) override {
    return use_libtorch(device_,
                        [&] { return searches_.advance(joining, [&] { images_.encode_whole_batches(); }); });
  }

  std::size_t running() const override { return searches_.running(); }

 private:
  at::Device device_;
  EncodeAhead images_;
  SlotLanguageModel model_;
  DeviceSearches searches_;
};

}  // namespace

std::unique_ptr<PictureSearches> search_on_device(const Bundle<at::Tensor>& bundle, PictureTask task) {
  return use_libtorch(task.search.device,
                      [&] { return std::make_unique<BundleSearches>(bundle, std::move(task)); });
}

}  // namespace caption
