#include "pipeline/batch.h"

#include <map>
#include <memory>
#include <utility>

#include "pipeline/readers.h"

namespace caption {
namespace {

/// Records on their way to the sink: they come in any order and leave in that of the inputs, if that is
/// wanted.
class Outgoing {
 public:
  Outgoing(const RecordSink& sink, bool in_order) : sink_(sink), in_order_(in_order) {}

  /// An input's record, still without captions.
  void add(Prepared& prepared) {
    const bool complete = prepared.error.has_value();
    Record record{std::move(prepared.name),
                  {},
                  std::move(prepared.error),
                  std::move(prepared.picture.thumbnail),
                  prepared.picture.truncated,
                  prepared.picture.preview,
                  prepared.number,
                  prepared.state,
                  std::move(prepared.key)};
    waiting_.emplace(prepared.number, Waiting{std::move(record), complete});
  }

  void complete(std::size_t number, std::vector<Caption> captions) {
    Waiting& waiting = waiting_.at(number);
    waiting.record.captions = std::move(captions);
    waiting.complete = true;
  }

  /// Gives the sink what is complete; in order, up to the first that is not.
  void write(BatchSummary& summary) {
    for (auto next = waiting_.begin(); next != waiting_.end();) {
      if (!next->second.complete) {
        if (in_order_) return;
        ++next;
        continue;
      }
      const Record record = std::move(next->second.record);
      next = waiting_.erase(next);
      sink_(record);
      ++(record.error ? summary.failed : summary.captioned);
    }
  }

 private:
  struct Waiting {
    Record record;
    bool complete;
  };

  const RecordSink& sink_;
  bool in_order_;
  std::map<std::size_t, Waiting> waiting_;  // by number; in order, none is missing between the first and last
};

}  // namespace

BatchSummary caption_all(Captioner& captioner, const InputSource& source, const RecordSink& sink,
                         const BatchOptions& options, const std::atomic<bool>& interrupt) {
  BatchSummary summary;
  const std::unique_ptr<CaptionScheduler> scheduler = captioner.schedule(options.decode, options.sizes);
  Outgoing outgoing(sink, options.in_order);
  Readers readers(captioner, source, options, interrupt);
  for (;;) {
    const bool idle = scheduler->idle();
    std::vector<Prepared> inputs = readers.take(scheduler->room(), idle);
    if (idle && inputs.empty()) break;
    for (Prepared& input : inputs) {
      const bool readable = !input.error;
      outgoing.add(input);
      if (readable) scheduler->add(input.number, std::move(input.picture));
    }
    for (ScheduledCaptions& result : scheduler->advance())
      outgoing.complete(result.image, std::move(result.captions));
    outgoing.write(summary);
  }
  summary.interrupted = interrupt;
  return summary;
}

}  // namespace caption
