#include "service/picture_queue.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "caption/error.h"

namespace caption {
namespace {

constexpr std::chrono::milliseconds kStopCheck{50};
constexpr std::size_t kRecent = 32;
constexpr double kMostSeconds = 60;

}  // namespace

void PictureQueue::drop_unwanted() {
  std::erase_if(jobs_, [](const PictureJob& job) { return !job.wanted(); });
}

bool PictureQueue::add(std::vector<PictureJob> jobs) {
  const std::scoped_lock lock(mutex_);
  if (closed_) return false;
  if (jobs_.size() + jobs.size() > most_) drop_unwanted();
  if (jobs_.size() + jobs.size() > most_) return false;
  std::move(jobs.begin(), jobs.end(), std::back_inserter(jobs_));
  changed_.notify_all();
  return true;
}

bool PictureQueue::full() {
  const std::scoped_lock lock(mutex_);
  if (jobs_.size() >= most_) drop_unwanted();
  return jobs_.size() >= most_;
}

void PictureQueue::close() {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

std::optional<Input> PictureQueue::next(const std::atomic<bool>& stop) {
  std::unique_lock lock(mutex_);
  for (;;) {
    while (!jobs_.empty() && !jobs_.front().wanted()) jobs_.pop_front();
    if (!jobs_.empty()) break;
    if (closed_ || stop) return std::nullopt;
    changed_.wait_for(lock, kStopCheck);
  }
  PictureJob job = std::move(jobs_.front());
  jobs_.pop_front();
  in_work_.emplace(given_++, std::move(job.done));
  return std::move(job.input);
}

void PictureQueue::take(const Record& record) {
  std::function<void(const Record&)> done;
  {
    const std::scoped_lock lock(mutex_);
    done = std::move(in_work_.extract(record.number).mapped());
    recent_.push_back(Clock::now());
    if (recent_.size() > kRecent) recent_.pop_front();
  }
  done(record);
}

std::size_t PictureQueue::waiting() {
  const std::scoped_lock lock(mutex_);
  return jobs_.size();
}

std::size_t PictureQueue::in_work() {
  const std::scoped_lock lock(mutex_);
  return in_work_.size();
}

std::chrono::seconds PictureQueue::expected_wait() {
  const std::scoped_lock lock(mutex_);
  double seconds = 1;
  if (recent_.size() > 1) {
    const std::chrono::duration<double> took = recent_.back() - recent_.front();
    seconds = took.count() / static_cast<double>(recent_.size() - 1) *
              static_cast<double>(jobs_.size() + in_work_.size());
  }
  return std::chrono::seconds(static_cast<int>(std::ceil(std::clamp(seconds, 1.0, kMostSeconds))));
}

}  // namespace caption
