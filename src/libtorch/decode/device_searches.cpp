#include "libtorch/decode/device_searches.h"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include "caption/error.h"

namespace caption {
namespace {

/// Passes look at so many tokens at a time, so that few kinds of passes occur.
constexpr std::int64_t kTokensTogether = 16;

/// One row of `best_sequences`.
Hypothesis hypothesis_of(const std::int32_t* row) {
  const float score = std::bit_cast<float>(row[1]);
  return {{row + 2, row + 2 + row[0]}, static_cast<double>(score)};
}

}  // namespace

DeviceSearches::DeviceSearches(SlotModel& model, const DeviceTask& task)
    : model_(model),
      task_(task),
      rules_(task, model.vocabulary()),
      beams_(Beams::of_new_images(task.slots, rules_.beams, rules_)),
      first_rows_((at::arange(task.slots, beams_.steps.options()) * rules_.beams).unsqueeze(1)),
      slots_(static_cast<std::size_t>(task.slots)) {
  require_stop_tokens(task.stop, static_cast<std::size_t>(model.vocabulary()));
  beams_.status.fill_(Beams::kEnded);
}

std::size_t DeviceSearches::running() const {
  return static_cast<std::size_t>(
      std::count_if(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.running; }));
}

std::vector<Found> DeviceSearches::advance(std::size_t joining, const std::function<void()>& meanwhile) {
  std::vector<Ended> ended;
  for (std::size_t i = 0; i < slots_.size(); ++i)
    if (std::exchange(slots_[i].ended, false)) ended.push_back({i, slots_[i].image});
  if (ended.empty() && running() == 0 && joining == 0) return {};
  const at::Tensor results =
      ended.empty() ? at::Tensor() : best_sequences(beams_, task_.decode.n_best, rules_);
  if (running() > 0) pass();
  if (joining > 0) join(joining);
  meanwhile();
  std::vector<Found> found = read(results, ended);
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.image < b.image; });
  return found;
}

void DeviceSearches::pass() {
  for (Slot& slot : slots_) slot.tokens += slot.running ? 1 : 0;
  const std::int64_t most = longest();
  task_.run(most, [&] {
    const at::Tensor rows = (first_rows_ + beams_.parents).flatten();  // [S * B]
    beams_.follow(extend(beams_, model_.step(beams_.last.flatten(), rows, most), rules_));
  });
}

/// Tokens of the longest running image, up to the next multiple.
std::int64_t DeviceSearches::longest() const {
  std::int64_t most = 0;
  for (const Slot& slot : slots_) most = std::max(most, slot.running ? slot.tokens : 0);
  return std::min((most + kTokensTogether - 1) / kTokensTogether * kTokensTogether, rules_.most);
}

void DeviceSearches::join(std::size_t count) {
  // Filled on the device: a copy from the CPU would be one more.
  const at::Tensor places = at::empty({static_cast<std::int64_t>(count)}, beams_.steps.options());
  std::size_t taken = 0;
  for (std::size_t i = 0; i < slots_.size() && taken < count; ++i) {
    if (slots_[i].running) continue;
    places.select(0, static_cast<std::int64_t>(taken++)).fill_(static_cast<std::int64_t>(i));
    slots_[i] = {.running = true, .image = joined_++};
  }
  if (taken < count) throw Error(ErrorKind::internal, "more images join a search than it has slots for");
  const at::Tensor logits = model_.begin(places);  // [n, V]
  beams_.put(places, extend(Beams::of_new_images(places.size(0), 1, rules_), logits, rules_));
}

/// Waits for the device. `results` of the slots in `ended`, or undefined.
std::vector<Found> DeviceSearches::read(const at::Tensor& results, const std::vector<Ended>& ended) {
  const at::Tensor all =
      (results.defined() ? at::cat({beams_.status, results.flatten()}) : beams_.status).cpu();
  const auto* values = all.const_data_ptr<std::int32_t>();
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (!slots_[i].running || values[i] == Beams::kRunning) continue;
    if (values[i] == Beams::kDamaged) {
      throw Error(
          ErrorKind::model,
          "the language model gave logits that are NaN or infinite: its weights are damaged or overflow in "
          "this precision");
    }
    if (values[i] == Beams::kStuck) throw no_continuation();
    slots_[i].running = false;
    slots_[i].ended = true;
  }
  std::vector<Found> found;
  for (const auto& [slot, image] : ended) {
    Found& one = found.emplace_back();
    one.image = image;
    const auto rows = static_cast<std::size_t>(results.size(1));
    const auto width = static_cast<std::size_t>(results.size(2));
    const std::int32_t* row = values + slots_.size() + slot * rows * width;
    for (std::size_t n = 0; n < rows; ++n, row += width)
      if (row[0] > 0) one.hypotheses.push_back(hypothesis_of(row));
  }
  return found;
}

}  // namespace caption
