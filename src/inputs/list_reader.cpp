#include "inputs/list_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/utf8.h"
#include "caption/error.h"

namespace caption {
namespace {

constexpr std::size_t kLongestMark = 3;

}  // namespace

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
    if (separator_ == '\n' && entry.ends_with('\r')) {
      std::error_code ignored;
      if (!std::filesystem::exists(entry, ignored)) entry.pop_back();
    }
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
  const bool utf16 = encoding_ == Encoding::utf16_le || encoding_ == Encoding::utf16_be;
  (utf16 ? utf16_ : buffer_).append(bytes.data(), static_cast<std::size_t>(count));
  const bool decided =
      buffer_.size() >= kLongestMark || count == 0 || buffer_.find_first_of("\xEF\xFE\xFF") != 0;
  if (encoding_ == Encoding::unknown && decided) take_mark();
  convert();
  return count > 0;
}

void ListReader::take_mark() {
  encoding_ = Encoding::bytes;
  if (separator_ != '\n') return;
  if (buffer_.starts_with("\xEF\xBB\xBF")) buffer_.erase(0, kLongestMark);
  const bool little = buffer_.starts_with("\xFF\xFE");
  if (!little && !buffer_.starts_with("\xFE\xFF")) return;
  encoding_ = little ? Encoding::utf16_le : Encoding::utf16_be;
  utf16_ = buffer_.substr(2);
  buffer_.clear();
}

void ListReader::convert() {
  const auto unit = [&](std::size_t at) -> char32_t {
    const char32_t low = static_cast<unsigned char>(utf16_[at]);
    const char32_t high = static_cast<unsigned char>(utf16_[at + 1]);
    return encoding_ == Encoding::utf16_le ? low | high << 8U : high | low << 8U;
  };
  std::size_t done = 0;
  while (done + 2 <= utf16_.size()) {
    char32_t character = unit(done);
    std::size_t length = 2;
    if (character >= 0xD800 && character < 0xDC00) {
      if (done + 4 > utf16_.size()) break;  // the other half is still to come
      const char32_t second = unit(done + 2);
      if (second >= 0xDC00 && second < 0xE000) {
        character = 0x10000 + ((character - 0xD800) << 10U) + (second - 0xDC00);
        length = 4;
      }
    }
    append_utf8(character, buffer_);
    done += length;
  }
  utf16_.erase(0, done);
}

void ListReader::fail(const std::string& why) const {
  throw Error(ErrorKind::usage, "cannot read the list " + name_ + advice_.list + ": " + why);
}

}  // namespace caption
