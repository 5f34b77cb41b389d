#pragma once

#include <cstdint>
#include <vector>

#include "image/animation.h"
#include "image/bytes.h"

namespace caption {

/// The frames of an animated PNG, made of its chunks, which come one after the other.
class ApngFrames {
 public:
  /// A chunk that belongs to every frame: its header, palette and transparent colours.
  void share(Bytes chunk);
  /// What a chunk fcTL, fdAT or IDAT holds.
  void control(Bytes data);
  void add_data(Bytes data);
  void add_first_data(Bytes data);

  /// The frames up to the one of that number, from 0 on, as PNG files. If the file's own picture is none of
  /// the animation, it is frame 0 and not below the others, as in Pillow. Throws Error(not_found | corrupt).
  std::vector<Layer> layers(int frame) const;

 private:
  struct Frame {
    Place place;
    After after = After::keep;
    Blend blend = replace;
    std::vector<Bytes> data;
  };

  std::vector<std::uint8_t> file_of(const Frame& frame) const;

  std::vector<Bytes> shared_;  ///< whole chunks, the header first
  std::vector<Frame> frames_;
  bool own_picture_ = false;  ///< is no frame of the animation
};

}  // namespace caption
