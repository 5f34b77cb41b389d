#include "base/progress.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

namespace caption {
namespace {

std::string duration(double seconds) {
  const auto whole = static_cast<long long>(seconds + 0.5);
  const auto hours = whole / 3600;
  const auto minutes = whole / 60 % 60;
  if (hours > 0) return std::to_string(hours) + "h " + std::to_string(minutes) + "m";
  if (minutes > 0) return std::to_string(minutes) + "m " + std::to_string(whole % 60) + "s";
  return std::to_string(whole) + "s";
}

std::string rate_text(double rate, ProgressUnit unit) {
  char text[32];
  if (unit == ProgressUnit::bytes) {
    std::snprintf(text, sizeof text, "%.1f MB/s", rate / 1e6);
  } else {
    std::snprintf(text, sizeof text, "%.*f %s/s", rate < 10 ? 1 : 0, rate,
                  unit == ProgressUnit::images  ? "images"
                  : unit == ProgressUnit::texts ? "texts"
                                                : "updates");
  }
  return text;
}

/// "7/50" or "1.5/33.2 MB"; 0 is no total
std::string count_text(std::size_t done, std::size_t total, ProgressUnit unit) {
  if (unit != ProgressUnit::bytes) {
    return std::to_string(done) + (total == 0 ? "" : "/" + std::to_string(total));
  }
  char text[64];
  const int length = std::snprintf(text, sizeof text, "%.1f", static_cast<double>(done) / 1e6);
  if (total != 0) {
    std::snprintf(text + length, sizeof text - static_cast<std::size_t>(length), "/%.1f",
                  static_cast<double>(total) / 1e6);
  }
  return std::string(text) + " MB";
}

}  // namespace

Progress::Progress(std::FILE* stream, Count count, std::size_t done, ProgressUnit unit)
    : stream_(stream), unit_(unit), before_(done), done_(done) {
  if (stream_ == nullptr) return;
  counter_ = std::thread([this, count = std::move(count)] { total_ = count(stop_); });
}

Progress::~Progress() {
  clear();
  stop_ = true;
  if (counter_.joinable()) counter_.join();
}

void Progress::advance(std::size_t more) {
  if (stream_ == nullptr) return;
  done_ += more;
  const Clock::time_point now = Clock::now();
  static constexpr std::chrono::milliseconds kInterval{100};
  if (now - last_draw_ < kInterval) return;
  draw(now);
}

void Progress::clear() {
  if (!drawn_) return;
  std::fputs("\r\x1b[K", stream_);
  drawn_ = false;
}

void Progress::draw(Clock::time_point now) {
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  const double rate = static_cast<double>(done_ - before_) / std::max(elapsed, 1e-3);
  const std::size_t total = total_ >= done_ ? total_.load() : 0;
  std::string line = count_text(done_, total, unit_);
  line.append("  ").append(rate_text(rate, unit_));
  if (total != 0)
    line.append("  ").append(duration(static_cast<double>(total - done_) / rate)).append(" left");
  if (!note_.empty()) line.append("  ").append(note_);
  if (failed_ > 0) line.append("  ").append(std::to_string(failed_)).append(" failed");
  std::fprintf(stream_, "\r%s\x1b[K", line.c_str());
  last_draw_ = now;
  drawn_ = true;
}

}  // namespace caption
