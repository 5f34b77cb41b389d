#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace caption {

/// A program of our own that answers questions over a socket, kBoxSocket there. It is started for this
/// process alone, ends with the thread that started it at the latest, and sees neither our terminal nor our
/// signals. For one thread at a time.
class BoxedProcess {
 public:
  /// `program` with `arguments`. Returns null and why if it cannot be started.
  static std::unique_ptr<BoxedProcess> start(const std::filesystem::path& program,
                                             std::vector<std::string> arguments, std::string& reason);
  ~BoxedProcess();  ///< ends it
  BoxedProcess(const BoxedProcess&) = delete;
  BoxedProcess& operator=(const BoxedProcess&) = delete;

  /// A question begins, for which the process has so many seconds of the processor's time.
  void begin_question(int seconds);
  // Both throw Error(corrupt), which says what happened, if the process ends or needs too much time. Then it
  // is of no use any more.
  void send(std::span<const std::byte> bytes);
  void receive(std::span<std::byte> bytes);

 private:
  BoxedProcess(pid_t process, int socket) : process_(process), socket_(socket) {}

  void wait_until_ready(short event);
  double seconds_used() const;
  [[noreturn]] void fail_ended();

  pid_t process_;
  int socket_;
  int seconds_ = 0;         ///< for the question
  double used_before_ = 0;  ///< of the processor's time, before the question
  std::chrono::steady_clock::time_point last_look_{};
  std::chrono::steady_clock::duration waited_{};  ///< since the question began
};

/// The descriptor of the socket in such a process.
inline constexpr int kBoxSocket = 3;

}  // namespace caption
