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

std::string rate_text(double rate) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f images/s", rate < 10 ? 1 : 0, rate);
  return text;
}

}  // namespace

Progress::Progress(std::FILE* stream, Count count, std::size_t done)
    : stream_(stream), before_(done), done_(done) {
  if (stream_ == nullptr) return;
  counter_ = std::thread([this, count = std::move(count)] { total_ = count(stop_); });
}

Progress::~Progress() {
  clear();
  stop_ = true;
  if (counter_.joinable()) counter_.join();
}

void Progress::advance() {
  if (stream_ == nullptr) return;
  ++done_;
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
  const std::size_t total = total_;
  std::string line = std::to_string(done_);
  if (total >= done_) line.append("/").append(std::to_string(total));
  line.append("  ").append(rate_text(rate));
  if (total >= done_)
    line.append("  ").append(duration(static_cast<double>(total - done_) / rate)).append(" left");
  std::fprintf(stream_, "\r%s\x1b[K", line.c_str());
  last_draw_ = now;
  drawn_ = true;
}

}  // namespace caption
