#include "cli/models/download_progress.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/log.h"
#include "base/printable.h"
#include "cli/terminal.h"
#include "fetch/address.h"

namespace caption::cli {
namespace {

std::string in_megabytes(double bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MB", bytes / 1e6);
  return text;
}

}  // namespace

DownloadProgress::DownloadProgress(bool quiet) : quiet_(quiet) {}

void DownloadProgress::started(const std::string& name, const std::string& address, std::uint64_t have,
                               std::optional<std::uint64_t> total) {
  line_.reset();
  std::string text = current_ == name ? "going on with " : "fetching ";
  text += name + " from " + printable(host_of(address));
  if (total) text += ", " + in_megabytes(static_cast<double>(*total));
  if (have > 0) text += ", of which " + in_megabytes(static_cast<double>(have)) + " are here";
  log::info(text);
  if (std::exchange(current_, name) != name) {
    start_ = Clock::now();
    received_ = 0;
  }
  const std::size_t size = total.value_or(0);
  std::FILE* const stream = !quiet_ && can_show_progress() ? stderr : nullptr;
  line_ = std::make_unique<Progress>(
      stream, [size](const std::atomic<bool>&) { return size; }, have, ProgressUnit::bytes);
}

void DownloadProgress::received(std::uint64_t bytes) {
  received_ += bytes;
  line_->advance(bytes);
}

void DownloadProgress::finished(const std::string& name) {
  line_.reset();
  const double seconds = std::max(std::chrono::duration<double>(Clock::now() - start_).count(), 1e-3);
  char rate[64];
  std::snprintf(rate, sizeof rate, " in %.1f s, %.1f MB/s", seconds,
                static_cast<double>(received_) / seconds / 1e6);
  log::info("fetched " + name + ": " + in_megabytes(static_cast<double>(received_)) + rate);
  current_.clear();
}

void DownloadProgress::note(const std::string& text) {
  if (line_ != nullptr) line_->clear();
  log::warning(text);
}

}  // namespace caption::cli
