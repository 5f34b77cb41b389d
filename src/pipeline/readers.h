#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "files/file_state.h"
#include "pipeline/batch.h"

namespace caption {

/// One input on its way: its picture, or why there is none.
struct Prepared {
  std::size_t number = 0;  ///< its place in the order of the source, from 0 on
  std::string name;
  Picture picture;
  std::optional<Error> error;
  std::optional<FileState> state;  ///< of its file before it was read
  std::string key;                 ///< Input::key
};

/// Reader threads fill a bounded window of inputs; the consumer takes what is ready: from its front, or, if
/// their order does not matter, anywhere in it. Everything that it is given must outlive it.
class Readers {
 public:
  Readers(const Captioner& captioner, const InputSource& source, const BatchOptions& options,
          const std::atomic<bool>& interrupt);
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;
  ~Readers();

  /// Takes up to `limit` inputs that are ready now. If `wait`, waits for the first: then nothing means the
  /// end or an interrupt. Throws what ended a reader.
  std::vector<Prepared> take(std::size_t limit, bool wait);

 private:
  void run();
  /// The next input and its number, when the window has room; nothing at the end.
  std::optional<std::pair<std::size_t, Input>> claim();
  Prepared prepare(std::size_t number, const Input& input) const;
  /// Where the first input is that may be taken; the end if there is none.
  std::map<std::size_t, std::optional<Prepared>>::iterator first_ready();

  const Captioner& captioner_;
  const InputSource& source_;
  const std::atomic<bool>& interrupt_;
  const ImageOptions image_options_;
  const bool in_order_;
  const std::size_t window_;

  std::mutex source_mutex_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::size_t, std::optional<Prepared>> slots_;  ///< by number; nothing while it is being prepared
  std::size_t claimed_ = 0;
  std::atomic<bool> ended_ = false;
  std::exception_ptr failure_;
  std::vector<std::thread> threads_;
};

}  // namespace caption
