#include "streams.h"

#include <c10/util/Exception.h>

#include <algorithm>

namespace caption::accelerator {

void Streams::join(Clock& clock, const Clock& other) {
  for (const auto& [stream, time] : other) clock[stream] = std::max(clock[stream], time);
}

bool Streams::within(const Clock& work, const Clock& clock) {
  return std::all_of(work.begin(), work.end(), [&](const auto& one) {
    const auto known = clock.find(one.first);
    return known != clock.end() && known->second >= one.second;
  });
}

Streams::Block* Streams::find(const void* memory) {
  const auto address = reinterpret_cast<std::uintptr_t>(memory);
  auto next = blocks_.upper_bound(address);
  if (next == blocks_.begin()) return nullptr;
  auto& [first, block] = *--next;
  return address < first + block.bytes ? &block : nullptr;
}

Streams::Event Streams::record(Number stream) {
  join(clocks_.at(stream), host_);
  events_[++last_event_] = clocks_[stream];
  return last_event_;
}

void Streams::block(Event event, Number stream) {
  join(clocks_.at(stream), events_.at(event));
}

void Streams::begin_work() {
  Clock& clock = clocks_.at(current);
  join(clock, host_);
  ++clock[current];
}

void Streams::read(const void* memory) {
  Block* const block = find(memory);
  if (block == nullptr) return;
  TORCH_CHECK(within(block->writes, clocks_[current]), "stream ", current,
              " reads memory that another stream may still write");
  block->reads[current] = clocks_[current][current];
}

void Streams::write(const void* memory) {
  Block* const block = find(memory);
  if (block == nullptr) return;
  TORCH_CHECK(within(block->writes, clocks_[current]) && within(block->reads, clocks_[current]), "stream ",
              current, " writes memory that another stream may still use");
  block->writes[current] = clocks_[current][current];
}

void Streams::wait() {
  join(host_, clocks_.at(current));
}

void Streams::allocated(const void* memory, std::size_t bytes) {
  if (bytes == 0) return;
  blocks_[reinterpret_cast<std::uintptr_t>(memory)] = {bytes, current, {}, {}, {}};
}

bool Streams::freed(const void* memory) {
  const auto found = blocks_.find(reinterpret_cast<std::uintptr_t>(memory));
  if (found == blocks_.end()) return true;
  const Block& block = found->second;
  Clock after = clocks_.at(block.owner);
  join(after, host_);
  for (const Number stream : block.kept_for) join(after, clocks_.at(stream));
  const bool safe = within(block.reads, after) && within(block.writes, after);
  blocks_.erase(found);
  return safe;
}

void Streams::keep_for(const void* memory, Number stream) {
  if (Block* const block = find(memory)) block->kept_for.insert(stream);
}

}  // namespace caption::accelerator
