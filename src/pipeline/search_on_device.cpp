#include "pipeline/search_on_device.h"

#include <utility>

#include "pipeline/device.h"
#include "pipeline/stages.h"

namespace caption {
namespace {

/// GPT-2 as a search on a device sees it: its images are prefixes.
class SlotLanguageModel : public SlotModel {
 public:
  SlotLanguageModel(const Gpt2& gpt2, const SlotSizes& sizes, StepAttentionFunction attention)
      : vocabulary_(gpt2.vocabulary()), slots_(gpt2.slots(sizes, std::move(attention))) {}

  /// prefixes [n, P, E] of the next images
  void add(at::Tensor prefixes) { prefixes_ = std::move(prefixes); }

  std::int64_t vocabulary() const override { return vocabulary_; }
  at::Tensor begin(const at::Tensor& slots) override {
    return slots_.begin(slots, std::exchange(prefixes_, {}));
  }
  at::Tensor step(const at::Tensor& tokens, const at::Tensor& parents, std::int64_t longest) override {
    return slots_.step(tokens, parents, longest);
  }

 private:
  std::int64_t vocabulary_;
  Gpt2Slots slots_;
  at::Tensor prefixes_;
};

class BundleSearches : public PictureSearches {
 public:
  BundleSearches(const Bundle& bundle, const DeviceTask& task, StepAttentionFunction attention)
      : bundle_(bundle),
        device_(task.device),
        model_(*bundle.gpt2,
               {.slots = task.slots,
                .beams = task.decode.beam,
                .prefix = bundle.mapper->prefix_length(),
                .tokens = task.decode.max_tokens},
               std::move(attention)),
        searches_(model_, task) {}

  void add(std::span<const Pixels> images) override {
    const at::InferenceMode no_gradients;
    within_memory(device_, [&] { model_.add(prefix_of(bundle_, images, device_)); });
  }

  std::vector<Found> step(std::size_t joining) override {
    const at::InferenceMode no_gradients;
    return within_memory(device_, [&] { return searches_.step(joining); });
  }

  std::size_t running() const override { return searches_.running(); }

 private:
  const Bundle& bundle_;
  at::Device device_;
  SlotLanguageModel model_;
  DeviceSearches searches_;
};

}  // namespace

std::unique_ptr<PictureSearches> search_on_device(const Bundle& bundle, const DeviceTask& task,
                                                  StepAttentionFunction attention) {
  const at::InferenceMode no_gradients;
  validate(task.decode);
  return within_memory(task.device,
                       [&] { return std::make_unique<BundleSearches>(bundle, task, std::move(attention)); });
}

}  // namespace caption
