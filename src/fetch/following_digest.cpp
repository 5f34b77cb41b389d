#include "fetch/following_digest.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>
#include <vector>

#include "files/sha256.h"

namespace caption {

FollowingDigest::FollowingDigest(int descriptor) : thread_([this, descriptor] { follow(descriptor); }) {}

FollowingDigest::~FollowingDigest() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void FollowingDigest::grown_to(std::uint64_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    bytes_ = bytes;
  }
  changed_.notify_one();
}

std::string FollowingDigest::text(int& error) {
  {
    const std::lock_guard lock(mutex_);
    last_ = true;
  }
  changed_.notify_one();
  thread_.join();
  error = error_;
  return std::move(text_);
}

void FollowingDigest::follow(int descriptor) {
  Sha256 digest;
  std::vector<std::byte> buffer(std::size_t{1} << 20);
  for (std::uint64_t done = 0;;) {
    std::uint64_t there = 0;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stopped_ || last_ || bytes_ > done; });
      if (stopped_) return;
      there = bytes_;
    }
    if (there == done) break;  // it was the last
    const std::size_t count = std::min<std::uint64_t>(there - done, buffer.size());
    const ssize_t got = ::pread(descriptor, buffer.data(), count, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      error_ = got < 0 ? errno : EIO;
      return;
    }
    digest.add(std::span(buffer).first(static_cast<std::size_t>(got)));
    done += static_cast<std::uint64_t>(got);
  }
  text_ = digest.text();
}

}  // namespace caption
