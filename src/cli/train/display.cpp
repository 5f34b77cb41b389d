#include "cli/train/display.h"

#include <atomic>
#include <cstdio>
#include <utility>

#include "base/log.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "files/small_file.h"

namespace caption::cli {
namespace {

constexpr auto kRedrawn = std::chrono::seconds(20);

}  // namespace

Display::Display(const TrainConfig& config, const TrainingLog& log, PageFacts facts, std::int64_t done)
    : log_(log),
      facts_(std::move(facts)),
      page_(config.out / "training" / "report.html"),
      progress_(
          !config.quiet && can_show_progress() ? stderr : nullptr,
          [updates = static_cast<std::size_t>(facts_.updates)](const std::atomic<bool>&) { return updates; },
          static_cast<std::size_t>(done), ProgressUnit::updates) {
  draw();
}

TrainingObserver Display::observer() {
  return {[this](const UpdateRecord& record) { updated(record); },
          [this](const ValidationRecord& record) { validated(record); }};
}

void Display::end() {
  progress_.clear();
  facts_.running = false;
  draw();
}

void Display::updated(const UpdateRecord& record) {
  smooth_ = smooth_ == 0 ? record.loss : smooth_ + (record.loss - smooth_) / 20;
  progress_.set_note(format("loss %.3f", smooth_));
  progress_.advance();
  if (Clock::now() - drawn_ > kRedrawn) draw();
}

void Display::validated(const ValidationRecord& record) {
  progress_.clear();
  log::info(format("update %lld, epoch %.2f: loss %.3f, not learnt %.3f, CIDEr-D %.3f%s",
                   static_cast<long long>(record.number), record.epoch, smooth_, record.loss, record.cider_d,
                   record.best ? ", the best so far" : ""));
  draw();
}

void Display::draw() {
  replace_small_file(page_, training_page(log_, facts_));
  drawn_ = Clock::now();
}

}  // namespace caption::cli
