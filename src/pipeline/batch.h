#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "caption/captioner.h"

namespace caption {

/// One input image of a run.
struct Input {
  std::string name;             ///< as the user gave it; stands in the record
  std::filesystem::path file;   ///< where to read it
  bool standard_input = false;  ///< read the bytes from stdin instead
};

/// What became of one input: captions, best first, or an error.
struct Record {
  std::string image;  ///< Input::name
  std::vector<Caption> captions;
  std::optional<Error> error;
  std::vector<std::byte> thumbnail;  ///< as Picture::thumbnail
};

/// The next input, or nothing at the end. Called from one reader thread at a time. One that waits (for a
/// pipe) must return soon after `stop` becomes true: nobody needs its answer any more.
using InputSource = std::function<std::optional<Input>(const std::atomic<bool>& stop)>;
/// Takes the records, one per input, in input order. Called on the thread of `caption_all`; may throw to end
/// the run.
using RecordSink = std::function<void(const Record&)>;

struct BatchOptions {
  /// Images in the model at a time; more are never waited for.
  StreamOptions sizes;
  /// Threads that read, decode and resize the next images.
  int readers = 1;
  ImageOptions image;
  DecodeOptions decode;
};

struct BatchSummary {
  std::size_t captioned = 0;
  std::size_t failed = 0;
  bool interrupted = false;
};

/// Captions every input of `source`. Bounded memory over any number of inputs. A bad image becomes a record
/// with an error; any other Error ends the run and is thrown. When `interrupt` becomes true, the images in
/// flight through the model are finished and written, and the run ends.
BatchSummary caption_all(Captioner& captioner, const InputSource& source, const RecordSink& sink,
                         const BatchOptions& options, const std::atomic<bool>& interrupt);

}  // namespace caption
