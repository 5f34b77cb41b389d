#include "service/line_requests.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "caption/error.h"
#include "service/parse_json.h"
#include "service/picture_request.h"
#include "service/problem.h"

namespace caption {
namespace {

constexpr int kStopCheckMs = 50;
/// Of a line, beside the picture.
constexpr std::size_t kOtherBytes = 64 << 10;

}  // namespace

LineRequests::LineRequests(int descriptor, Output& output, LineOptions options)
    : descriptor_(descriptor),
      output_(output),
      options_(std::move(options)),
      most_line_(options_.most / 3 * 4 + kOtherBytes) {}

bool LineRequests::fill() {
  std::array<char, 1 << 16> bytes;
  const ssize_t count = ::read(descriptor_, bytes.data(), bytes.size());
  if (count < 0 && errno == EINTR) return true;
  if (count < 0)
    throw Error(ErrorKind::usage, std::string("standard input cannot be read: ") + std::strerror(errno));
  buffer_.append(bytes.data(), static_cast<std::size_t>(count));
  return count > 0;
}

std::optional<std::string> LineRequests::next_line(const std::atomic<bool>& stop,
                                                   const std::atomic<bool>& interrupt) {
  std::string line;
  std::size_t searched = 0;
  for (;;) {
    const std::size_t end = buffer_.find('\n', searched);
    if (end != std::string::npos || ended_) {
      if (end == std::string::npos && buffer_.empty() && line.empty()) return std::nullopt;
      const std::size_t length = std::min(end, buffer_.size());
      line.append(buffer_, 0, std::min(length, most_line_ + 1 - line.size()));
      buffer_.erase(0, end == std::string::npos ? length : length + 1);
      ++line_;
      if (line.find_first_not_of(" \t\r") != std::string::npos) return line;
      line.clear();
      searched = 0;
      continue;
    }
    if (buffer_.size() > most_line_) {  // the rest is passed over
      line.append(buffer_, 0, std::min(buffer_.size(), most_line_ + 1 - line.size()));
      buffer_.clear();
    }
    searched = buffer_.size();
    pollfd waiting{descriptor_, POLLIN, 0};
    while (::poll(&waiting, 1, kStopCheckMs) == 0) {
      if (stop || interrupt) return std::nullopt;
    }
    if (stop || interrupt) return std::nullopt;
    ended_ = !fill();
  }
}

Input LineRequests::input_of(const std::string& line) {
  Input input;
  try {
    if (line.size() > most_line_)
      throw Problem(413, "too_large",
                    "longer than the " + std::to_string(most_line_) + " bytes that are taken");
    const Json json = parse_json_object(line);
    if (const auto id = json.find("id"); id != json.end()) {
      const std::scoped_lock lock(mutex_);
      ids_.emplace(given_, *id);
    }
    return input_of_json(json, options_.folder);
  } catch (const Problem& problem) {
    const ErrorKind kind = problem.status() == 413 ? ErrorKind::too_large : ErrorKind::unreadable;
    input.bytes = [error = Error(kind, problem.what())]() -> std::vector<std::byte> { throw error; };
  }
  input.name = "line " + std::to_string(line_);
  return input;
}

std::optional<Input> LineRequests::next(const std::atomic<bool>& stop, const std::atomic<bool>& interrupt) {
  const std::optional<std::string> line = next_line(stop, interrupt);
  if (!line) return std::nullopt;
  Input input = input_of(*line);
  ++given_;
  return input;
}

void LineRequests::take(const Record& record) {
  Json json = record_json(record, options_.model, options_.captions > 1);
  {
    const std::scoped_lock lock(mutex_);
    if (auto id = ids_.extract(record.number)) json["id"] = std::move(id.mapped());
  }
  output_.write(json_line(json));
}

}  // namespace caption
