#pragma once

#include <mutex>

namespace caption {

/// While it lives, Exiv2 is this thread's: its XMP is for one thread at a time. What it has to say goes
/// nowhere. Throws Error(internal) if its XMP cannot be used.
class Turn {
 public:
  Turn();

 private:
  std::lock_guard<std::mutex> lock_;
};

}  // namespace caption
