#include "cli/progress.h"

#include <algorithm>
#include <cstdio>
#include <string>

#include "caption/error.h"
#include "inputs/inputs.h"
#include "cli/signals.h"

namespace caption::cli {
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

/// How many inputs there are; 0 if that cannot be told, or if it was asked to stop.
std::size_t count_inputs(const InputOptions& options, const std::stop_token& stop) {
  try {
    // A list that is a pipe could be read only once.
    if (options.files_from && !std::filesystem::is_regular_file(*options.files_from)) return 0;
    Inputs inputs(options, [](const std::string&) {});
    std::size_t count = 0;
    while (inputs.next(interrupted)) {
      if (stop.stop_requested()) return 0;
      ++count;
    }
    return count;
  } catch (const std::exception&) {
    // The run itself reports what is wrong.
    return 0;
  }
}

}  // namespace

Progress::Progress(bool shown, const InputOptions& inputs) : shown_(shown) {
  if (!shown_) return;
  counter_ =
      std::jthread([this, inputs](const std::stop_token& stop) { total_ = count_inputs(inputs, stop); });
}

Progress::~Progress() {
  clear();
}

void Progress::advance() {
  if (!shown_) return;
  ++done_;
  const Clock::time_point now = Clock::now();
  static constexpr std::chrono::milliseconds kInterval{100};
  if (now - last_draw_ < kInterval) return;
  draw(now);
}

void Progress::clear() {
  if (!drawn_) return;
  std::fputs("\r\x1b[K", stderr);
  drawn_ = false;
}

void Progress::draw(Clock::time_point now) {
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  const double rate = static_cast<double>(done_) / std::max(elapsed, 1e-3);
  const std::size_t total = total_;
  std::string line = std::to_string(done_);
  if (total >= done_) line.append("/").append(std::to_string(total));
  line.append("  ").append(rate_text(rate));
  if (total >= done_)
    line.append("  ").append(duration(static_cast<double>(total - done_) / rate)).append(" left");
  std::fprintf(stderr, "\r%s\x1b[K", line.c_str());
  last_draw_ = now;
  drawn_ = true;
}

}  // namespace caption::cli
