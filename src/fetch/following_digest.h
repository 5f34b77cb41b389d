#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

namespace caption {

/// The SHA-256 of a file that grows, calculated behind whoever writes it: on a thread of its own, from the
/// system's cache, so that a fast network does not wait for it.
class FollowingDigest {
 public:
  /// From the file's beginning on. `descriptor` must stay open.
  explicit FollowingDigest(int descriptor);
  ~FollowingDigest();
  FollowingDigest(const FollowingDigest&) = delete;
  FollowingDigest& operator=(const FollowingDigest&) = delete;

  /// So many bytes are there now, which will not change.
  void grown_to(std::uint64_t bytes);
  /// Waits until all of them are in. -> 64 lower-case hexadecimal digits, or nothing and errno in `error`.
  /// Once, at the end.
  std::string text(int& error);

 private:
  void follow(int descriptor);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t bytes_ = 0;
  bool last_ = false;     ///< there will not be more
  bool stopped_ = false;  ///< nobody wants it any more
  int error_ = 0;
  std::string text_;
  std::thread thread_;
};

}  // namespace caption
