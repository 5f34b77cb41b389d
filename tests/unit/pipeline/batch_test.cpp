#include "pipeline/batch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <set>
#include <thread>

#include "caption/explanation.h"
#include "pipeline/embed.h"
#include "pipeline/picture.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

/// An image stays for as many steps as it has bytes.
class FakeScheduler : public CaptionScheduler {
 public:
  FakeScheduler(std::size_t most, std::atomic<int>& in_flight, std::size_t& most_held)
      : most_(most), in_flight_(in_flight), most_held_(most_held) {}

  std::size_t room() const override { return most_ - held_.size(); }
  bool idle() const override { return held_.empty(); }
  void add(std::size_t number, Picture picture) override {
    --in_flight_;
    const std::vector<float>& values = std::get<Pixels>(picture.image->content).values;
    held_.push_back({number, {values.begin(), values.end()}, values.size()});
    most_held_ = std::max(most_held_, held_.size());
  }

  std::vector<ScheduledCaptions> advance() override {
    std::vector<ScheduledCaptions> results;
    for (Held& held : held_) {
      if (--held.steps == 0) results.push_back({held.number, {Caption{held.text, {}, 0, 0}}});
    }
    std::erase_if(held_, [](const Held& held) { return held.steps == 0; });
    return results;
  }

 private:
  struct Held {
    std::size_t number;
    std::string text;
    std::size_t steps;
  };

  std::size_t most_;
  std::atomic<int>& in_flight_;
  std::size_t& most_held_;
  std::vector<Held> held_;
};

/// Captions an image with its bytes; "bad" bytes cannot be decoded, "defect" is a failure of the program.
class FakeCaptioner : public Captioner {
 public:
  const std::string& name() const override { return name_; }

  Picture prepare(std::span<const std::byte> bytes, const ImageOptions&) const override {
    const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (text == "bad") throw Error(ErrorKind::corrupt, "truncated");
    if (text == "defect") throw Error(ErrorKind::internal, "a defect");
    // Later inputs are ready before earlier ones.
    std::this_thread::sleep_for(std::chrono::microseconds(text.size() % 3 * 300));
    Pixels pixels;
    for (const char c : text) pixels.values.push_back(static_cast<float>(c));
    const int in_flight = ++in_flight_;
    int most = most_in_flight_;
    while (most < in_flight && !most_in_flight_.compare_exchange_weak(most, in_flight)) {
    }
    return ready_picture(std::move(pixels));
  }

  std::unique_ptr<CaptionScheduler> schedule(const DecodeOptions&, const BatchSizes& sizes) override {
    return std::make_unique<FakeScheduler>(static_cast<std::size_t>(sizes.decode_batch), in_flight_,
                                           most_held_);
  }

  std::vector<ScoredText> score(const Picture&, std::span<const std::string>) override { return {}; }

  /// The length of a text, and its first character.
  Embeddings embed(std::span<const Picture> pictures) override {
    most_held_ = std::max(most_held_, pictures.size());
    Embeddings embeddings{2, {}};
    for (const Picture& picture : pictures) {
      --in_flight_;
      const std::vector<float>& values = std::get<Pixels>(picture.image->content).values;
      embeddings.values.insert(embeddings.values.end(), {static_cast<float>(values.size()), values.at(0)});
    }
    return embeddings;
  }

  bool embeds_texts() const override { return false; }
  TextEmbeddings embed_texts(std::span<const std::string>) override { return {}; }

  Explanation explain(const Picture&, const DecodeOptions&, const ExplainOptions&) override { return {}; }

  std::string name_ = "fake";
  std::size_t most_held_ = 0;
  mutable std::atomic<int> in_flight_ = 0;
  mutable std::atomic<int> most_in_flight_ = 0;
};

class BatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("caption-batch-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  Input file(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ / name) << content;
    return {name, folder_ / name};
  }

  /// A source over a list.
  static InputSource over(std::vector<Input> inputs) {
    return [inputs = std::move(inputs),
            next = std::size_t{0}](const std::atomic<bool>&) mutable -> std::optional<Input> {
      if (next == inputs.size()) return std::nullopt;
      return inputs[next++];
    };
  }

  RecordSink collect() {
    return [this](const Record& record) { records_.push_back(record); };
  }

  fs::path folder_;
  FakeCaptioner captioner_;
  std::vector<Record> records_;
  std::atomic<bool> interrupt_ = false;
};

TEST_F(BatchTest, RecordsComeInInputOrderWithManyReaders) {
  std::vector<Input> inputs;
  for (int i = 0; i < 200; ++i)
    inputs.push_back(file(std::to_string(i), std::string(static_cast<std::size_t>(i % 7 + 1), 'x')));
  const BatchSummary summary =
      caption_all(captioner_, over(inputs), collect(),
                  {.sizes = {.encode_batch = 4, .decode_batch = 8}, .readers = 4}, interrupt_);
  EXPECT_EQ(summary.captioned, 200U);
  EXPECT_EQ(summary.failed, 0U);
  ASSERT_EQ(records_.size(), 200U);
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(records_[static_cast<std::size_t>(i)].image, std::to_string(i));
    EXPECT_EQ(records_[static_cast<std::size_t>(i)].captions.at(0).text,
              std::string(static_cast<std::size_t>(i % 7 + 1), 'x'));
  }
  EXPECT_GT(captioner_.most_held_, 1U);
  EXPECT_LE(captioner_.most_held_, 8U);
  // The window bounds the memory: two batches for the encoder, and what has left it for the stream, at most
  // the stream's room.
  EXPECT_LE(captioner_.most_in_flight_, 2 * 4 + 8);
}

TEST_F(BatchTest, EmbeddingsComeInInputOrder) {
  std::vector<Input> inputs;
  for (int i = 0; i < 50; ++i)
    inputs.push_back(
        file(std::to_string(i), i % 5 == 3 ? "bad" : std::string(static_cast<std::size_t>(i % 7 + 1), 'x')));
  int next = 0;
  const auto check = [&](const EmbeddedInput& input) {
    EXPECT_EQ(input.number, static_cast<std::size_t>(next));
    EXPECT_EQ(input.name, std::to_string(next));
    EXPECT_EQ(input.error.has_value(), next % 5 == 3);
    const std::vector<float> embedding(input.embedding.begin(), input.embedding.end());
    const std::vector<float> expected = {static_cast<float>(next % 7 + 1), static_cast<float>('x')};
    EXPECT_EQ(embedding, next % 5 == 3 ? std::vector<float>() : expected);
    ++next;
  };
  const BatchSummary summary =
      embed_all(captioner_, over(inputs), check, {.sizes = {.encode_batch = 4}, .readers = 4}, interrupt_);
  EXPECT_EQ(next, 50);
  EXPECT_EQ(summary.captioned, 40U);
  EXPECT_EQ(summary.failed, 10U);
  EXPECT_LE(captioner_.most_held_, 4U);
  EXPECT_LE(captioner_.most_in_flight_, 2 * 4 + 4);
}

TEST_F(BatchTest, WithoutAnOrderNobodyWaitsForASlowerOne) {
  std::atomic<int> written = 0;
  // The first input is not there before the others are written.
  const Input slow{"slow", {}, false, {}, [&] {
                     while (written < 4) std::this_thread::sleep_for(std::chrono::milliseconds(1));
                     return std::vector<std::byte>(1, std::byte{'s'});
                   }};
  const RecordSink sink = [&](const Record& record) {
    records_.push_back(record);
    ++written;
  };
  const std::vector<Input> inputs = {slow, file("b", "xxxxx"), file("c", "bad"), file("d", "x"),
                                     file("e", "xx")};
  const BatchSummary summary =
      caption_all(captioner_, over(inputs), sink, {.readers = 3, .in_order = false}, interrupt_);
  EXPECT_EQ(summary.captioned, 4U);
  EXPECT_EQ(summary.failed, 1U);
  ASSERT_EQ(records_.size(), 5U);
  EXPECT_EQ(records_.back().image, "slow");
  EXPECT_EQ(records_.back().captions.at(0).text, "s");
  std::set<std::size_t> numbers;
  for (const Record& record : records_) {
    EXPECT_EQ(record.image, inputs.at(record.number).name);
    numbers.insert(record.number);
  }
  EXPECT_EQ(numbers.size(), 5U);
}

TEST_F(BatchTest, BadImagesBecomeRecordsAndTheRunGoesOn) {
  const std::vector<Input> inputs = {
      file("a", "one"), file("b", "bad"), {"gone", folder_ / "gone"}, {"dir", folder_}, file("e", "two")};
  const BatchSummary summary = caption_all(captioner_, over(inputs), collect(), {}, interrupt_);
  EXPECT_EQ(summary.captioned, 2U);
  EXPECT_EQ(summary.failed, 3U);
  ASSERT_EQ(records_.size(), 5U);
  EXPECT_EQ(records_[1].error->kind(), ErrorKind::corrupt);
  EXPECT_STREQ(records_[1].error->what(), "b: truncated");
  EXPECT_EQ(records_[2].error->kind(), ErrorKind::not_found);
  EXPECT_STREQ(records_[2].error->what(), "gone: no such file");
  EXPECT_EQ(records_[3].error->kind(), ErrorKind::unreadable);
  EXPECT_TRUE(records_[1].captions.empty());
  EXPECT_EQ(records_[4].captions.at(0).text, "two");
}

TEST_F(BatchTest, DevicesAndHugeFilesAreRefused) {
  const Input huge = file("huge", "");
  fs::resize_file(huge.file, (std::uintmax_t{1} << 31) + 1);  // sparse
  const std::vector<Input> inputs = {{"zero", "/dev/zero"}, huge, file("c", "one")};
  caption_all(captioner_, over(inputs), collect(), {}, interrupt_);
  ASSERT_EQ(records_.size(), 3U);
  EXPECT_EQ(records_[0].error->kind(), ErrorKind::unreadable);
  EXPECT_EQ(records_[1].error->kind(), ErrorKind::too_large);
  EXPECT_EQ(records_[2].captions.at(0).text, "one");
}

TEST_F(BatchTest, ADefectEndsTheRun) {
  try {
    caption_all(captioner_, over({file("a", "defect")}), collect(), {}, interrupt_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::internal);
  }
}

TEST_F(BatchTest, AFailingSinkEndsTheRun) {
  const RecordSink full = [](const Record&) { throw Error(ErrorKind::output, "no space left"); };
  std::vector<Input> inputs(100, file("a", "one"));
  EXPECT_THROW(caption_all(captioner_, over(inputs), full, {.readers = 3}, interrupt_), Error);
}

TEST_F(BatchTest, AnInterruptEndsAnEndlessRunAfterWholeRecords) {
  const Input input = file("a", "one");
  const InputSource endless = [&](const std::atomic<bool>&) -> std::optional<Input> { return input; };
  const RecordSink sink = [&](const Record& record) {
    records_.push_back(record);
    if (records_.size() == 20) interrupt_ = true;
  };
  const BatchSummary summary =
      caption_all(captioner_, endless, sink, {.sizes = {4, 4}, .readers = 2}, interrupt_);
  EXPECT_TRUE(summary.interrupted);
  EXPECT_GE(records_.size(), 20U);
  EXPECT_LE(records_.size(), 24U);
  EXPECT_EQ(summary.captioned, records_.size());
}

TEST_F(BatchTest, AFailureDoesNotWaitForASlowSource) {
  int asked = 0;
  const InputSource then_waits = [&](const std::atomic<bool>& stop) -> std::optional<Input> {
    if (asked++ == 0) return file("a", "one");
    while (!stop) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return std::nullopt;
  };
  const RecordSink full = [](const Record&) { throw Error(ErrorKind::output, "no space left"); };
  EXPECT_THROW(caption_all(captioner_, then_waits, full, {}, interrupt_), Error);
}

TEST_F(BatchTest, NoInputsNoRecords) {
  const BatchSummary summary = caption_all(captioner_, over({}), collect(), {}, interrupt_);
  EXPECT_EQ(summary.captioned + summary.failed, 0U);
  EXPECT_FALSE(summary.interrupted);
}

}  // namespace
}  // namespace caption
