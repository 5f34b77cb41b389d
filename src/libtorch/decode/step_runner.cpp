#include "libtorch/decode/step_runner.h"

#include <exception>
#include <map>
#include <utility>

namespace caption {
namespace {

class GraphRunner {
 public:
  GraphRunner(std::unique_ptr<GraphRecorder> recorder, std::function<void(const std::string&)> note)
      : recorder_(std::move(recorder)), note_(std::move(note)) {}

  void run(std::int64_t key, const std::function<void()>& step) {
    if (!recorder_) return step();
    const auto [entry, first] = graphs_.try_emplace(key);
    if (first) return recorder_->warm_up(step);
    if (!entry->second && !capture(entry->second, step)) return step();
    entry->second->replay();
  }

 private:
  bool capture(std::unique_ptr<Graph>& graph, const std::function<void()>& step) {
    try {
      graph = recorder_->capture(step);
      return true;
    } catch (const std::exception& error) {
      if (note_) note_(std::string("decoding goes on without graphs, more slowly: ") + error.what());
      graphs_.clear();
      recorder_.reset();
      return false;
    }
  }

  std::unique_ptr<GraphRecorder> recorder_;  // nothing after a failure
  std::function<void(const std::string&)> note_;
  std::map<std::int64_t, std::unique_ptr<Graph>> graphs_;  // nothing for a key that has run only once
};

}  // namespace

void run_eagerly(std::int64_t /*key*/, const std::function<void()>& step) {
  step();
}

StepRunner run_by_graphs(std::unique_ptr<GraphRecorder> recorder,
                         std::function<void(const std::string&)> note) {
  const auto runner = std::make_shared<GraphRunner>(std::move(recorder), std::move(note));
  return [runner](std::int64_t key, const std::function<void()>& step) { runner->run(key, step); };
}

}  // namespace caption
