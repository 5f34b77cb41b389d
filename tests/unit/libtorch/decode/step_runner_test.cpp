#include "libtorch/decode/step_runner.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace caption {
namespace {

/// What was asked of a recorder, in its order: 'w'arm up, 'c'apture, 'r'eplay, 's'tep.
struct Events {
  std::string text;
  bool captures = true;  ///< or cannot
};

class FakeGraph : public Graph {
 public:
  explicit FakeGraph(Events& events) : events_(events) {}
  void replay() override { events_.text += 'r'; }

 private:
  Events& events_;
};

class FakeRecorder : public GraphRecorder {
 public:
  explicit FakeRecorder(Events& events) : events_(events) {}
  void warm_up(const std::function<void()>& work) override {
    events_.text += 'w';
    work();
  }
  std::unique_ptr<Graph> capture(const std::function<void()>&) override {
    events_.text += 'c';
    if (!events_.captures) throw std::runtime_error("no graph of this");
    return std::make_unique<FakeGraph>(events_);
  }

 private:
  Events& events_;
};

TEST(StepRunner, RunsOnceThenCapturesThenReplays) {
  Events events;
  const StepRunner run = run_by_graphs(std::make_unique<FakeRecorder>(events), {});
  const auto step = [&] { events.text += 's'; };
  for (const std::int64_t key : {16, 16, 16, 32, 16, 32}) {
    events.text += ' ';
    run(key, step);
  }
  EXPECT_EQ(events.text, " ws cr r ws r cr");
}

TEST(StepRunner, WhatCannotBeCapturedIsRunAndSaidOnce) {
  Events events;
  std::vector<std::string> notes;
  const StepRunner run = run_by_graphs(std::make_unique<FakeRecorder>(events),
                                       [&](const std::string& note) { notes.push_back(note); });
  const auto step = [&] { events.text += 's'; };
  for (const std::int64_t key : {16, 16, 32, 32, 16}) {
    events.captures = key == 16;
    events.text += ' ';
    run(key, step);
  }
  EXPECT_EQ(events.text, " ws cr ws cs s");
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].find("no graph of this"), std::string::npos) << notes[0];
}

TEST(StepRunner, AStepThatFailsFails) {
  Events events;
  const StepRunner run = run_by_graphs(std::make_unique<FakeRecorder>(events), {});
  EXPECT_THROW(run(16, [] { throw std::runtime_error("step"); }), std::runtime_error);
}

}  // namespace
}  // namespace caption
