#pragma once

#include <ATen/ATen.h>
#include <c10/core/Event.h>
#include <c10/core/Stream.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "libtorch/engine/transfer.h"
#include "libtorch/layers/layers.h"
#include "model/bundle.h"

namespace caption {

/// The images of searches on a device: copied there, resized and encoded in a stream of their own, so that
/// the device does this beside the passes in its current stream.
class EncodeAhead {
 public:
  /// Refers to the bundle. At most `batch` images are encoded together, in the stream `beside`. The tokens of
  /// `prompt` stand behind each prefix, and P counts them.
  EncodeAhead(const Bundle<at::Tensor>& bundle, Transfer transfer, std::size_t batch, c10::Stream beside,
              std::vector<std::int32_t> prompt);
  EncodeAhead(const EncodeAhead&) = delete;
  EncodeAhead& operator=(const EncodeAhead&) = delete;
  /// What is still being encoded comes before all that the current stream does from then on, as it uses the
  /// bundle's memory.
  ~EncodeAhead();

  void add(Picture picture) { waiting_.push_back(std::move(picture)); }

  /// Queues the encoding of the next images, if they fill a batch.
  void encode_whole_batches();

  /// The next n images' prefixes [n, P, E], for which the current stream waits. Those that are not queued yet
  /// are queued now. Throws Error(internal) if fewer were added.
  at::Tensor take(std::size_t n);

 private:
  struct Encoded {
    at::Tensor prefixes;  // [n, P, E]
    c10::Event done;
  };

  void encode(std::size_t count);

  const Bundle<at::Tensor>& bundle_;
  Transfer transfer_;
  std::size_t batch_;
  c10::Stream beside_;
  std::vector<std::int32_t> prompt_;
  std::vector<Picture> waiting_;
  std::deque<Encoded> encoded_;
};

}  // namespace caption
