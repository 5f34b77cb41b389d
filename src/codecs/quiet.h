#pragma once

namespace caption {

/// While it lives, what this thread prints by C's `stderr` goes nowhere: libraries of codecs write there about
/// each damaged file, which our caller reports. What other threads print goes on.
class Quiet {
 public:
  Quiet();
  ~Quiet();
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;
};

}  // namespace caption
