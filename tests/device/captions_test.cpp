// Every kind of model on the test device: the CPU's captions, without needless copies.

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "accelerator.h"
#include "bundle/bundle.h"
#include "pipeline/captioner.h"
#include "pipeline/own_kernels.h"
#include "pipeline/search_on_device.h"
#include "pipeline/stages.h"
#include "queued_kernels.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

const fs::path kData = fs::path(CAPTION_TEST_DATA) / "parity";

class DeviceCaptions : public ::testing::TestWithParam<const char*> {
 protected:
  std::unique_ptr<Captioner> load(at::Device device, at::ScalarType type = at::kFloat) const {
    return load_captioner(kData / GetParam(), {.device = device, .weights = type});
  }

  static std::vector<Pixels> pictures(const Captioner& captioner) {
    std::vector<Pixels> pixels;
    for (const char* name : {"wide.png", "tall.png", "square.png", "small.png"}) {
      std::ifstream stream(kData / "images" / name, std::ios::binary);
      const std::string text{std::istreambuf_iterator<char>(stream), {}};
      pixels.push_back(captioner.prepare(std::as_bytes(std::span(text)), {}));
    }
    return pixels;
  }

  static void expect_equal(const std::vector<std::vector<Caption>>& actual,
                           const std::vector<std::vector<Caption>>& expected) {
    ASSERT_EQ(actual.size(), expected.size());
    for (std::size_t i = 0; i < actual.size(); ++i) {
      ASSERT_EQ(actual[i].size(), expected[i].size()) << "image " << i;
      for (std::size_t n = 0; n < actual[i].size(); ++n) {
        EXPECT_EQ(actual[i][n].tokens, expected[i][n].tokens) << "image " << i << " hypothesis " << n;
        EXPECT_NEAR(actual[i][n].score, expected[i][n].score, 1e-3) << "image " << i << " hypothesis " << n;
      }
    }
  }
};

TEST_P(DeviceCaptions, AreTheCpus) {
  const auto cpu = load(at::kCPU);
  const auto device = load(accelerator::device());
  const std::vector<Pixels> images = pictures(*cpu);
  for (const int beam : {1, 3, 5, 10}) {
    SCOPED_TRACE("beam " + std::to_string(beam));
    const DecodeOptions options{.beam = beam, .n_best = beam};
    expect_equal(device->caption(images, options), cpu->caption(images, options));
  }
  SCOPED_TRACE("other rankings");
  const DecodeOptions other{
      .beam = 4, .n_best = 3, .max_tokens = 7, .temperature = 1.5, .length_penalty = 0.3};
  expect_equal(device->caption(images, other), cpu->caption(images, other));
}

TEST_P(DeviceCaptions, AreDrawnAsOnTheCpu) {
  const auto cpu = load(at::kCPU);
  const auto device = load(accelerator::device());
  const std::vector<Pixels> images = pictures(*cpu);
  const DecodeOptions options{.n_best = 3, .sample = true, .top_k = 20, .top_p = 0.9, .seed = 4};
  expect_equal(device->caption(images, options), cpu->caption(images, options));
}

/// What the CPU and the device have to do with each other.
TEST_P(DeviceCaptions, OneCopyInForABatchAndOneOutForAPass) {
  const auto captioner = load(at::kCPU);  // prepares pictures
  const std::vector<Pixels> images = pictures(*captioner);
  const Bundle bundle = load_bundle(kData / GetParam(), {.device = accelerator::device()});
  for (const int beam : {1, 5}) {
    SCOPED_TRACE("beam " + std::to_string(beam));
    const DecodeOptions options{.beam = beam, .n_best = beam, .max_tokens = 24};
    const auto searches = search_on_device(
        bundle, {.stop = {13}, .decode = options, .slots = 4, .device = accelerator::device()});
    // Flags of four images, and of each the best sequences: lengths, scores and tokens. The vocabulary has
    // 400 tokens.
    const std::int64_t most_bytes = 4 * (4 + 4 * beam * (2 + 24));
    std::size_t found = 0;
    for (int pass = 0; found < 4; ++pass) {
      const accelerator::Counts before = accelerator::counts();
      const bool joins = pass == 0 || pass == 3;  // two and two
      if (joins) {
        searches->add(std::span(images).subspan(pass == 0 ? 0 : 2, 2));
        const accelerator::Counts added = accelerator::counts() - before;
        EXPECT_EQ(added.to_device, 1);
        EXPECT_EQ(added.to_host + added.scalars, 0);
      }
      const accelerator::Counts start = accelerator::counts();
      found += searches->step(joins ? 2 : 0).size();
      const accelerator::Counts step = accelerator::counts() - start;
      EXPECT_EQ(step.to_device, 0) << "pass " << pass;
      EXPECT_EQ(step.to_host, 1) << "pass " << pass;
      EXPECT_EQ(step.scalars, 0) << "pass " << pass;
      EXPECT_LE(step.bytes_to_host, most_bytes) << "pass " << pass;
      ASSERT_LT(pass, 40);
    }
  }
}

/// The same operators in every pass of one kind, for any number of images and beams: nothing is done image by
/// image or beam by beam, nothing depends on what was found, and so a pass can be captured.
TEST_P(DeviceCaptions, PassesAreAlike) {
  const auto captioner = load(at::kCPU);
  const std::vector<Pixels> images = pictures(*captioner);
  const Bundle bundle = load_bundle(kData / GetParam(), {.device = accelerator::device()});
  std::set<std::int64_t> counts;
  for (const std::int64_t slots : {2, 4}) {
    for (const int beam : {2, 10}) {
      DeviceTask task{.stop = {13},
                      .decode = {.beam = beam, .max_tokens = 24},
                      .slots = slots,
                      .device = accelerator::device()};
      task.run = [&](std::int64_t, const std::function<void()>& step) {
        const accelerator::Counts before = accelerator::counts();
        step();
        const accelerator::Counts done = accelerator::counts() - before;
        EXPECT_EQ(done.to_device + done.to_host + done.scalars, 0);
        counts.insert(done.operators);
      };
      const auto searches = search_on_device(bundle, task);
      searches->add(std::span(images).first(static_cast<std::size_t>(slots)));
      searches->step(static_cast<std::size_t>(slots));
      while (searches->running() > 0) searches->step(0);
    }
  }
  EXPECT_EQ(counts.size(), 1U);
}

/// Counts what a recorder does.
class CountingRecorder : public GraphRecorder {
 public:
  struct Counts {
    int warm_ups = 0;
    int captures = 0;
    int replays = 0;
  };
  explicit CountingRecorder(Counts& counts) : counts_(counts) {}

  void warm_up(const std::function<void()>& work) override {
    ++counts_.warm_ups;
    recorder_->warm_up(work);
  }
  std::unique_ptr<Graph> capture(const std::function<void()>& work) override {
    ++counts_.captures;
    return std::make_unique<CountingGraph>(counts_, recorder_->capture(work));
  }

 private:
  class CountingGraph : public Graph {
   public:
    CountingGraph(Counts& counts, std::unique_ptr<Graph> graph) : counts_(counts), graph_(std::move(graph)) {}
    void replay() override {
      ++counts_.replays;
      const accelerator::Counts before = accelerator::counts();
      graph_->replay();
      const accelerator::Counts done = accelerator::counts() - before;
      EXPECT_EQ(done.to_device + done.to_host + done.scalars, 0);
    }

   private:
    Counts& counts_;
    std::unique_ptr<Graph> graph_;
  };

  Counts& counts_;
  std::unique_ptr<GraphRecorder> recorder_ = accelerator::make_recorder();
};

/// A pass that was captured once does what all others of its kind would do: no number of the CPU is in it,
/// and every pass finds its input where that one did. With operators alone and with the kernels of a GPU.
TEST_P(DeviceCaptions, AreTheCpusWhenPassesAreReplayed) {
  const auto cpu = load(at::kCPU);
  const std::vector<Pixels> images = pictures(*cpu);
  const Bundle bundle = load_bundle(kData / GetParam(), {.device = accelerator::device()});
  const QueuedKernels kernels;
  const CurrentStream stream = [](at::Device) { return nullptr; };
  for (const int beam : {1, 5}) {
    const DecodeOptions options{.beam = beam, .n_best = beam, .max_tokens = 24};
    const auto expected = cpu->caption(images, options);
    for (const bool own : {false, true}) {
      SCOPED_TRACE("beam " + std::to_string(beam) + (own ? ", own kernels" : ""));
      CountingRecorder::Counts counts;
      DeviceTask task{.stop = {13}, .decode = options, .slots = 3, .device = accelerator::device()};
      task.run = run_by_graphs(std::make_unique<CountingRecorder>(counts),
                               [](const std::string& note) { ADD_FAILURE() << note; });
      if (own) task.likeliest = likeliest_by_kernels(kernels, stream);
      const auto searches = search_on_device(
          bundle, task, own ? attention_by_kernels(kernels, stream) : StepAttentionFunction());
      std::size_t next = 0;
      std::size_t found = 0;
      while (found < images.size()) {  // the last image joins as another one ends
        const std::size_t joining = std::min(images.size() - next, 3 - searches->running());
        if (joining > 0) searches->add(std::span(images).subspan(next, joining));
        next += joining;
        for (const Found& one : searches->step(joining)) {
          ++found;
          ASSERT_EQ(one.hypotheses.size(), expected[one.image].size());
          for (std::size_t n = 0; n < one.hypotheses.size(); ++n)
            EXPECT_EQ(one.hypotheses[n].tokens, expected[one.image][n].tokens) << one.image << " " << n;
        }
      }
      EXPECT_LE(counts.captures, counts.warm_ups);
      EXPECT_LE(counts.warm_ups, 2);
      EXPECT_GT(counts.replays, 2 * counts.warm_ups);
    }
  }
}

TEST_P(DeviceCaptions, ComeOneAfterTheOther) {
  const auto cpu = load(at::kCPU);
  const auto device = load(accelerator::device());
  const std::vector<Pixels> images = pictures(*cpu);
  const DecodeOptions options{.beam = 3, .n_best = 2};
  std::vector<std::vector<Caption>> captions(12);
  const auto stream = device->stream(options, {.encode_batch = 2, .decode_batch = 3});
  for (std::size_t next = 0; next < 12 || !stream->idle();) {
    while (next < 12 && stream->room() > 0) {
      stream->add(next, images[next % 4]);
      ++next;
    }
    for (StreamResult& result : stream->advance()) captions.at(result.image) = std::move(result.captions);
  }
  std::vector<std::vector<Caption>> expected;
  while (expected.size() < captions.size()) {
    for (auto& one : cpu->caption(images, options)) expected.push_back(std::move(one));
  }
  expect_equal(captions, expected);
}

/// fp16 weights and activations stay as close as 11 bits allow.
TEST_P(DeviceCaptions, HalfPrecisionStaysClose) {
  const bool resnet = std::string(GetParam()).starts_with("resnet");
  const auto captioner = load(at::kCPU);
  const Bundle exact = load_bundle(kData / GetParam(), {});
  const Bundle half =
      load_bundle(kData / GetParam(), {.device = accelerator::device(), .weights = at::kHalf});
  const auto difference = [](const at::Tensor& actual, const at::Tensor& expected) {
    EXPECT_EQ(actual.scalar_type(), at::kFloat);
    return ((actual.cpu() - expected).abs().max() / expected.abs().max()).item<double>();
  };
  const at::InferenceMode no_gradients;
  for (const Pixels& image : pictures(*captioner)) {
    const at::Tensor pixels = stack({&image, 1}, image.resolution, at::kCPU);
    const at::Tensor embedding = embed(exact, pixels);
    EXPECT_LT(difference(embed(half, pixels.to(accelerator::device())), embedding), resnet ? 0.03 : 0.003);
    const at::Tensor prefix = exact.mapper->map(embedding);
    EXPECT_LT(difference(half.mapper->map(embedding.to(accelerator::device())), prefix), 0.003);
    const at::Tensor logits = exact.gpt2->start().step({}, {}, prefix);
    const at::Tensor narrow = half.gpt2->start().step({}, {}, prefix.to(accelerator::device()));
    EXPECT_LT(difference(narrow, logits), 0.002);
    EXPECT_GT(difference(narrow, logits), 1e-5) << "the type was not used";
  }
  // Searched with narrow weights: the scores are those that the CPU gives to the same tokens, nearly.
  const auto device = load(accelerator::device(), at::kHalf);
  const std::vector<Pixels> images = pictures(*captioner);
  const auto captions = device->caption(images, {.beam = 5});
  const auto expected = captioner->caption(images, {.beam = 5});
  for (std::size_t i = 0; i < captions.size(); ++i)
    EXPECT_NEAR(captions[i][0].mean_logprob, expected[i][0].mean_logprob, 0.02) << i;
}

INSTANTIATE_TEST_SUITE_P(Models, DeviceCaptions, ::testing::Values("vit-mlp", "resnet-transformer"),
                         [](const auto& model) {
                           std::string name = model.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace caption
