// Every kind of model on the test device: what its passes copy, wait for and run, one by one and replayed.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "device_captions.h"

namespace caption {
namespace {

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

}  // namespace
}  // namespace caption
