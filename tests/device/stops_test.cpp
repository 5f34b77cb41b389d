// Stop texts, a minimum of tokens and what cannot come twice are part of a pass: nothing is copied for them,
// nobody waits, and a graph of a pass has them.

#include <gtest/gtest.h>

#include <random>

#include "../unit/decode/table_model.h"
#include "../unit/decode/tiny_pieces.h"
#include "accelerator.h"
#include "libtorch/decode/device_searches.h"

namespace caption {
namespace {

constexpr std::int64_t kImages = 6;
constexpr std::int64_t kVocabulary = 9;

/// Logits by image and previous token, on the device.
class TableOnDevice : public SlotModel {
 public:
  TableOnDevice(const std::vector<float>& values, std::int64_t slots, std::int64_t beams)
      : table_(at::tensor(values).view({kImages * kVocabulary, kVocabulary}).to(accelerator::device())),
        images_(at::zeros({slots, 1}, table_.options().dtype(at::kLong))),
        beams_(beams) {}

  std::int64_t vocabulary() const override { return kVocabulary; }

  at::Tensor begin(const at::Tensor& slots) override {
    const at::Tensor images = at::arange(joined_, joined_ + slots.size(0), images_.options());
    joined_ += slots.size(0);
    images_.index_copy_(0, slots, images.unsqueeze(1));
    return table_.index_select(0, images * kVocabulary);
  }

  at::Tensor step(const at::Tensor& tokens, const at::Tensor& /*parents*/,
                  std::int64_t /*longest*/) override {
    const at::Tensor rows = images_ * kVocabulary + tokens.view({-1, beams_});
    return table_.index_select(0, rows.flatten());
  }

 private:
  at::Tensor table_;   // [I * V, V]
  at::Tensor images_;  // [S, 1] int64, by slot
  std::int64_t beams_;
  std::int64_t joined_ = 0;
};

class DeviceStops : public ::testing::TestWithParam<bool> {
 protected:
  /// Two slots; the first two images join at once, the others as there is room.
  static std::vector<std::vector<Hypothesis>> search_there(SlotModel& model, const DeviceTask& task) {
    std::vector<std::vector<Hypothesis>> results(kImages);
    DeviceSearches searches(model, task);
    std::size_t joined = 0;
    for (std::size_t found = 0; found < kImages;) {
      const std::size_t joining = std::min<std::size_t>(kImages - joined, 2 - searches.running());
      joined += joining;
      const accelerator::Counts before = accelerator::counts();
      for (Found& one : searches.advance(joining)) {
        results.at(one.image) = std::move(one.hypotheses);
        ++found;
      }
      const accelerator::Counts pass = accelerator::counts() - before;
      EXPECT_EQ(pass.to_device, 0);
      EXPECT_EQ(pass.to_host, 1);
      EXPECT_EQ(pass.scalars, 0);
    }
    return results;
  }
};

TEST_P(DeviceStops, ArePartOfAPass) {
  const at::InferenceMode no_gradients;
  std::mt19937 random(12);
  std::normal_distribution<float> normal(0, 2);
  std::size_t ended_by_text = 0;
  for (int round = 0; round < 6; ++round) {
    std::vector<float> values(kImages * kVocabulary * kVocabulary);
    for (float& value : values) value = normal(random);
    const DecodeOptions options{.beam = 1 + round % 4,
                                .max_tokens = 20,
                                .min_tokens = round % 3 * 4,
                                .no_repeat_ngram = round % 4,
                                .stop = random_stop_texts(random)};
    const StopRule stop =
        make_stop_rule({2}, options.stop, bytes_of(random_pieces(random, std::size_t{kVocabulary})));
    TableOnDevice model(values, 2, options.beam);
    DeviceTask task(stop, options, 2, accelerator::device());
    if (GetParam()) {
      task.run =
          run_by_graphs(accelerator::make_recorder(), [](const std::string& note) { ADD_FAILURE() << note; });
    }
    const auto found = search_there(model, task);
    TableModel table(kImages, 1, kVocabulary, values);
    const auto expected = search(table, stop, options);
    for (std::size_t image = 0; image < kImages; ++image) {
      ASSERT_EQ(found[image].size(), 1U);
      const std::vector<std::int32_t>& tokens = found[image][0].tokens;
      EXPECT_EQ(tokens, expected[image][0].tokens) << "round " << round << " image " << image;
      ended_by_text += tokens.size() < 20 && tokens.back() != 2 ? 1 : 0;
    }
  }
  EXPECT_GT(ended_by_text, 10U);
}

INSTANTIATE_TEST_SUITE_P(Passes, DeviceStops, ::testing::Bool(), [](const auto& by_graphs) {
  return by_graphs.param ? "replayed" : "run_one_by_one";
});

}  // namespace
}  // namespace caption
