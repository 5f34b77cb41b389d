#pragma once

#include <atomic>
#include <functional>
#include <optional>

#include "caption/captioner.h"
#include "inputs/input.h"
#include "records/record.h"

namespace caption {

/// The next input, or nothing at the end. Called from one reader thread at a time. One that waits (for a
/// pipe) must return soon after `stop` becomes true: nobody needs its answer any more.
using InputSource = std::function<std::optional<Input>(const std::atomic<bool>& stop)>;
/// Takes the records, one per input. Called on the thread of `caption_all`; may throw to end the run.
using RecordSink = std::function<void(const Record&)>;

struct BatchOptions {
  /// Images in the model at a time; more are never waited for.
  BatchSizes sizes;
  /// Threads that read, decode and resize the next images.
  int readers = 1;
  /// Records leave in the order of the inputs; else each as soon as it is there, and inputs that are ready
  /// pass by those that are still being read.
  bool in_order = true;
  ImageOptions image;
  DecodeOptions decode;
};

/// Captions every input of `source`. Bounded memory over any number of inputs. A bad image becomes a record
/// with an error; any other Error ends the run and is thrown. When `interrupt` becomes true, the images in
/// flight through the model are finished and written, and the run ends.
BatchSummary caption_all(Captioner& captioner, const InputSource& source, const RecordSink& sink,
                         const BatchOptions& options, const std::atomic<bool>& interrupt);

}  // namespace caption
