#pragma once

#include <ATen/ATen.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "decode/searches.h"
#include "libtorch/decode/beams.h"
#include "libtorch/decode/device_task.h"
#include "libtorch/decode/slot_model.h"

namespace caption {

/// The searches of decode/searches.h, greedy and beam, with all they know on a device: in a pass, which takes
/// all images one token further, the CPU waits for the device once, for whose searches have ended and for the
/// captions of those that ended in the pass before.
class DeviceSearches : public ImageSearches {
 public:
  /// Throws Error(model) for a stop token outside the vocabulary.
  DeviceSearches(SlotModel& model, const DeviceTask& task);

  /// As ImageSearches says; an image is handed out in the step after the one that ended it. `joining` is at
  /// most the number of slots that are not running.
  std::vector<Found> advance(std::size_t joining) override {
    return advance(joining, [] {});
  }
  /// `meanwhile` is called when the device has work to do, before the CPU waits for it.
  std::vector<Found> advance(std::size_t joining, const std::function<void()>& meanwhile);
  std::size_t running() const override;

 private:
  struct Slot {
    bool running = false;
    bool ended = false;  ///< and not handed out
    std::size_t image = 0;
    std::int64_t tokens = 0;
  };

  /// An image to hand out, whose slot may be another's by then.
  struct Ended {
    std::size_t slot;
    std::size_t image;
  };

  void pass();
  void join(std::size_t count);
  std::vector<Found> read(const at::Tensor& results, const std::vector<Ended>& ended);
  std::int64_t longest() const;

  SlotModel& model_;
  DeviceTask task_;
  BeamRules rules_;
  Beams beams_;            // [S, B]
  at::Tensor first_rows_;  // [S, 1] int64: slot * B
  std::vector<Slot> slots_;
  std::size_t joined_ = 0;
};

}  // namespace caption
