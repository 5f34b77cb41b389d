#include "inputs/list_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "caption/error.h"

namespace caption {

ListReader::ListReader(const std::string& file, bool null_separated, InputAdvice advice)
    : name_(file == "-" ? "standard input" : "'" + file + "'"),
      descriptor_(file == "-" ? STDIN_FILENO : open(file.c_str(), O_RDONLY | O_CLOEXEC)),
      separator_(null_separated ? '\0' : '\n'),
      advice_(std::move(advice)) {
  if (descriptor_ < 0) fail(std::strerror(errno));
}

ListReader::~ListReader() {
  if (descriptor_ > STDERR_FILENO) close(descriptor_);
}

std::optional<std::string> ListReader::next(const std::atomic<bool>& stop) {
  while (true) {
    std::size_t end = buffer_.find(separator_, begin_);
    while (end == std::string::npos && fill(stop)) end = buffer_.find(separator_, begin_);
    if (stop || begin_ == buffer_.size()) return std::nullopt;
    const bool last = end == std::string::npos;
    std::string entry = buffer_.substr(begin_, last ? std::string::npos : end - begin_);
    begin_ = last ? buffer_.size() : end + 1;
    if (entry.empty()) continue;
    if (entry.find('\0') != std::string::npos) fail("it has NUL bytes" + advice_.null_separated);
    return entry;
  }
}

bool ListReader::fill(const std::atomic<bool>& stop) {
  buffer_.erase(0, begin_);
  begin_ = 0;
  pollfd ready{descriptor_, POLLIN, 0};
  static constexpr int kMilliseconds = 100;
  while (!stop && poll(&ready, 1, kMilliseconds) <= 0) {
  }
  if (stop) return false;
  std::array<char, 1U << 16U> bytes;
  ssize_t count = 0;
  do {
    count = read(descriptor_, bytes.data(), bytes.size());
  } while (count < 0 && errno == EINTR);
  if (count < 0) fail(std::strerror(errno));
  buffer_.append(bytes.data(), static_cast<std::size_t>(count));
  return count > 0;
}

void ListReader::fail(const std::string& why) const {
  throw Error(ErrorKind::usage, "cannot read the list " + name_ + advice_.list + ": " + why);
}

}  // namespace caption
