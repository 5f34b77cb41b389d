// Every kind of model on the test device: the CPU's captions, without needless copies.

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "accelerator.h"
#include "aten.h"
#include "caption/explanation.h"
#include "image/resample.h"
#include "libtorch/engine/device_streams.h"
#include "libtorch/engine/gpu_engine.h"
#include "libtorch/engine/own_kernels.h"
#include "libtorch/engine/search_on_device.h"
#include "libtorch/engine/transfer.h"
#include "model/bundle.h"
#include "pipeline/captioner.h"
#include "pipeline/cpu_engine.h"
#include "pipeline/way.h"
#include "queued_kernels.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

const fs::path kData = fs::path(CAPTION_TEST_DATA) / "parity";

class DeviceCaptions : public ::testing::TestWithParam<const char*> {
 protected:
  std::unique_ptr<Captioner> load_on_cpu() const {
    return make_captioner(make_cpu_engine(kData / GetParam(), {}));
  }
  std::unique_ptr<Captioner> load(DType type = DType::fp32) const {
    return make_captioner(make_engine_on(kData / GetParam(), {accelerator::device(), type}));
  }
  Bundle<at::Tensor> load_modules(DType type = DType::fp32) const {
    return load_bundle<at::Tensor>(kData / GetParam(), {accelerator::device(), type});
  }

  static std::vector<Picture> pictures(const Captioner& captioner) {
    std::vector<Picture> prepared;
    for (const char* name : {"wide.png", "tall.png", "square.png", "small.png"}) {
      std::ifstream stream(kData / "images" / name, std::ios::binary);
      const std::string text{std::istreambuf_iterator<char>(stream), {}};
      prepared.push_back(captioner.prepare(std::as_bytes(std::span(text)), {}));
    }
    return prepared;
  }

  /// A captioner that leaves images to the device, and the same pictures for it.
  std::unique_ptr<Captioner> load_resizing() const {
    return make_captioner(
        make_engine_on(kData / GetParam(), {accelerator::device()}, resize_by_kernels(kernels_)));
  }
  std::vector<Picture> unsized_pictures() const {
    std::vector<Picture> images = pictures(*load_resizing());
    for (const Picture& image : images)
      EXPECT_TRUE(std::holds_alternative<PlannedImage>(image.image->content));
    return images;
  }

  static PictureTask task_for(const Bundle<at::Tensor>& bundle, const DecodeOptions& decode,
                              std::int64_t slots) {
    const at::Device device = accelerator::device();
    return {.search = {{13}, decode, slots, device},
            .transfer = {pixel_format(bundle.manifest.image), device, {}},
            .encode_batch = 2,
            .beside = other_stream(device)};
  }

  /// Nothing of memory that another stream uses was given back.
  void TearDown() override { EXPECT_EQ((accelerator::counts() - before_).freed_in_use, 0); }

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

  QueuedKernels kernels_;

 private:
  accelerator::Counts before_ = accelerator::counts();
};

TEST_P(DeviceCaptions, AreTheCpus) {
  const auto cpu = load_on_cpu();
  const auto device = load();
  const std::vector<Picture> images = pictures(*cpu);
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
  const auto cpu = load_on_cpu();
  const auto device = load();
  const auto resizing = load_resizing();
  const std::vector<Picture> images = pictures(*cpu);
  const DecodeOptions options{.n_best = 3, .sample = true, .top_k = 20, .top_p = 0.9, .seed = 4};
  const auto expected = cpu->caption(images, options);
  expect_equal(device->caption(images, options), expected);
  expect_equal(resizing->caption(pictures(*resizing), options), expected);
}

TEST_P(DeviceCaptions, AreTheCpusForImagesThatTheDeviceResizes) {
  const auto cpu = load_on_cpu();
  const auto device = load_resizing();
  const std::vector<Picture> images = pictures(*cpu);
  const std::vector<Picture> unsized = pictures(*device);
  const DecodeOptions options{.beam = 3, .n_best = 3};
  expect_equal(device->caption(unsized, options), cpu->caption(images, options));

  const Explanation expected = cpu->explain(images[0], options, {.grid = 2, .text = "a picture"});
  const Explanation actual = device->explain(unsized[0], options, {.grid = 2, .text = "a picture"});
  ASSERT_EQ(actual.words.size(), expected.words.size());
  for (std::size_t w = 0; w < expected.words.size(); ++w) {
    for (std::size_t i = 0; i < 4; ++i)
      EXPECT_NEAR(actual.words[w].heat.at(i), expected.words[w].heat.at(i), 1e-3) << w << " " << i;
  }
}

TEST_P(DeviceCaptions, PicturesHaveTheirThumbnails) {
  const auto device = load_resizing();
  std::ifstream stream(kData / "images" / "wide.png", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  const Picture picture = device->prepare(std::as_bytes(std::span(text)), {.thumbnail = 16});
  EXPECT_TRUE(std::holds_alternative<PlannedImage>(picture.image->content));
  EXPECT_FALSE(picture.thumbnail.empty());
}

/// Results that nobody waits for: what is still being encoded must not find its memory taken.
TEST_P(DeviceCaptions, MayBeGivenUpHalfWay) {
  auto device = load();
  const std::vector<Picture> images = pictures(*device);
  auto stream = device->schedule({.beam = 3}, {.encode_batch = 2, .decode_batch = 2});
  for (std::size_t i = 0; i < 2; ++i) stream->add(i, images[i]);
  stream->advance();
  for (std::size_t i = 2; i < 4; ++i) stream->add(i, images[i]);
  stream->advance();
  stream.reset();
  device.reset();
}

/// What the CPU and the device have to do with each other.
TEST_P(DeviceCaptions, OneCopyInForABatchAndOneOutForAPass) {
  const auto captioner = load_on_cpu();  // prepares pictures
  const Bundle<at::Tensor> bundle = load_modules();
  for (const bool resized : {true, false}) {
    const std::vector<Picture> images = resized ? pictures(*captioner) : unsized_pictures();
    for (const int beam : {1, 5}) {
      SCOPED_TRACE("beam " + std::to_string(beam) + (resized ? "" : ", resized there"));
      const DecodeOptions options{.beam = beam, .n_best = beam, .max_tokens = 24};
      PictureTask task = task_for(bundle, options, 4);
      if (!resized) task.transfer.resize = resize_by_kernels(kernels_);
      const auto searches = search_on_device(bundle, task);
      // Flags of four images, and of each the best sequences: lengths, scores and tokens. The vocabulary has
      // 400 tokens.
      const std::int64_t most_bytes = 4 * (4 + 4 * beam * (2 + 24));
      std::size_t found = 0;
      for (int pass = 0; found < 4; ++pass) {
        const accelerator::Counts start = accelerator::counts();
        const bool joins = pass == 0 || pass == 3;  // two and two
        if (joins) {
          for (int i = 0; i < 2; ++i)
            searches->add(images.at(static_cast<std::size_t>(pass == 0 ? i : 2 + i)));
        }
        found += searches->advance(joins ? 2 : 0).size();
        const accelerator::Counts step = accelerator::counts() - start;
        EXPECT_EQ(step.to_device, joins ? 1 : 0) << "pass " << pass;
        EXPECT_EQ(step.to_host, 1) << "pass " << pass;
        EXPECT_EQ(step.scalars, 0) << "pass " << pass;
        EXPECT_LE(step.bytes_to_host, most_bytes) << "pass " << pass;
        ASSERT_LT(pass, 40);
      }
    }
  }
}

/// Images are encoded in another stream, a whole batch as soon as it is there, and the passes go on.
TEST_P(DeviceCaptions, EncodesAheadBesideThePasses) {
  const auto captioner = load_on_cpu();
  const std::vector<Picture> images = pictures(*captioner);
  const Bundle<at::Tensor> bundle = load_modules();
  const DecodeOptions options{.beam = 3, .max_tokens = 24};
  PictureTask task = task_for(bundle, options, 2);
  std::int64_t beside_in_passes = 0;
  task.search.run = [&](std::int64_t, const std::function<void()>& step) {
    const accelerator::Counts start = accelerator::counts();
    step();
    beside_in_passes += (accelerator::counts() - start).beside;
  };
  const auto searches = search_on_device(bundle, task);
  const auto count = [&](const std::function<void()>& work) {
    const accelerator::Counts start = accelerator::counts();
    work();
    return accelerator::counts() - start;
  };
  searches->add(images[0]);
  EXPECT_GT(count([&] { searches->advance(1); }).beside, 10) << "one image that joins at once";
  searches->add(images[1]);
  EXPECT_EQ(count([&] { searches->advance(0); }).beside, 0) << "no whole batch";
  searches->add(images[2]);
  const accelerator::Counts ahead = count([&] { searches->advance(0); });
  EXPECT_GT(ahead.beside, 10) << "a whole batch";
  EXPECT_EQ(ahead.to_device, 1);
  std::vector<std::vector<std::int32_t>> tokens(3);
  std::size_t joined = 1;
  for (std::size_t found = 0; found < 3;) {
    const std::size_t joining = std::min<std::size_t>(3 - joined, 2 - searches->running());
    joined += joining;
    const accelerator::Counts step = count([&] {
      for (Found& one : searches->advance(joining)) {
        tokens.at(one.image) = std::move(one.hypotheses.at(0).tokens);
        ++found;
      }
    });
    EXPECT_EQ(step.beside + step.to_device, 0) << "encoded before";
  }
  EXPECT_EQ(beside_in_passes, 0);
  const auto expected = captioner->caption({images[0], images[1], images[2]}, options);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(tokens[i], expected[i][0].tokens) << i;
}

/// The same operators in every pass of one kind, for any number of images and beams: nothing is done image by
/// image or beam by beam, nothing depends on what was found, and so a pass can be captured.
TEST_P(DeviceCaptions, PassesAreAlike) {
  const auto captioner = load_on_cpu();
  const std::vector<Picture> images = pictures(*captioner);
  const Bundle<at::Tensor> bundle = load_modules();
  std::set<std::int64_t> counts;
  for (const std::int64_t slots : {2, 4}) {
    for (const int beam : {2, 10}) {
      PictureTask task = task_for(bundle, {.beam = beam, .max_tokens = 24}, slots);
      task.search.run = [&](std::int64_t, const std::function<void()>& step) {
        const accelerator::Counts before = accelerator::counts();
        step();
        const accelerator::Counts done = accelerator::counts() - before;
        EXPECT_EQ(done.to_device + done.to_host + done.scalars, 0);
        counts.insert(done.operators);
      };
      const auto searches = search_on_device(bundle, task);
      for (std::size_t i = 0; i < static_cast<std::size_t>(slots); ++i) searches->add(images[i]);
      searches->advance(static_cast<std::size_t>(slots));
      while (searches->running() > 0) searches->advance(0);
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
  const auto cpu = load_on_cpu();
  const std::vector<Picture> images = pictures(*cpu);
  const Bundle<at::Tensor> bundle = load_modules();
  const std::vector<Picture> unsized = unsized_pictures();
  for (const int beam : {1, 5}) {
    const DecodeOptions options{.beam = beam, .n_best = beam, .max_tokens = 24};
    const auto expected = cpu->caption(images, options);
    for (const bool own : {false, true}) {
      SCOPED_TRACE("beam " + std::to_string(beam) + (own ? ", own kernels" : ""));
      CountingRecorder::Counts counts;
      PictureTask task = task_for(bundle, options, 3);
      task.search.run = run_by_graphs(std::make_unique<CountingRecorder>(counts),
                                      [](const std::string& note) { ADD_FAILURE() << note; });
      if (own) {
        task.search.top_k = top_k_by_kernels(kernels_);
        task.attention = attention_by_kernels(kernels_);
        task.transfer.resize = resize_by_kernels(kernels_);
      }
      const auto searches = search_on_device(bundle, task);
      std::size_t next = 0;
      std::size_t found = 0;
      while (found < images.size()) {  // the last image joins as another one ends
        const std::size_t joining = std::min(images.size() - next, 3 - searches->running());
        for (std::size_t i = 0; i < joining; ++i, ++next)
          searches->add(own && next % 2 == 0 ? unsized.at(next) : images.at(next));
        for (const Found& one : searches->advance(joining)) {
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
  const auto cpu = load_on_cpu();
  const auto device = load_resizing();
  const std::vector<Picture> images = pictures(*cpu);
  const std::vector<Picture> unsized = pictures(*device);
  const DecodeOptions options{.beam = 3, .n_best = 2};
  std::vector<std::vector<Caption>> captions(12);
  const auto stream = device->schedule(options, {.encode_batch = 2, .decode_batch = 3});
  for (std::size_t next = 0; next < 12 || !stream->idle();) {
    while (next < 12 && stream->room() > 0) {
      stream->add(next, next % 3 == 0 ? images[next % 4] : unsized[next % 4]);
      ++next;
    }
    for (ScheduledCaptions& result : stream->advance()) captions.at(result.image) = std::move(result.captions);
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
  const auto captioner = load_on_cpu();
  const Bundle<Tensor> exact = load_cpu_bundle(kData / GetParam(), {});
  const Bundle<at::Tensor> half = load_modules(DType::fp16);
  const auto there = [](const Tensor& x) { return to_aten(x).to(accelerator::device()); };
  const auto difference = [](const at::Tensor& actual, const Tensor& expected) {
    EXPECT_EQ(actual.scalar_type(), at::kFloat);
    const at::Tensor theirs = to_aten(expected);
    return largest_difference(actual.cpu(), theirs) / theirs.abs().max().item<double>();
  };
  const at::InferenceMode no_gradients;
  for (const Picture& image : pictures(*captioner)) {
    const Tensor pixels = stack_pixels({&image, 1}, static_cast<int>(exact.encoder->resolution()));
    const Tensor embedding = embedding_of(exact, pixels);
    EXPECT_LT(difference(embedding_of(half, there(pixels)), embedding), resnet ? 0.03 : 0.003);
    const Tensor prefix = exact.mapper->map(embedding);
    EXPECT_LT(difference(half.mapper->map(there(embedding)), prefix), 0.003);
    const Tensor logits = Gpt2Session<Tensor>(*exact.gpt2).step({}, {}, prefix);
    const at::Tensor narrow = Gpt2Session<at::Tensor>(*half.gpt2).step({}, {}, there(prefix));
    EXPECT_LT(difference(narrow, logits), 0.002);
    EXPECT_GT(difference(narrow, logits), 1e-5) << "the type was not used";
  }
  // Searched with narrow weights: the scores are those that the CPU gives to the same tokens, nearly.
  const auto device = load(DType::fp16);
  const std::vector<Picture> images = pictures(*captioner);
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
