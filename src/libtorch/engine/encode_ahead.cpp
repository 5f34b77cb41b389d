#include "libtorch/engine/encode_ahead.h"

#include <c10/core/StreamGuard.h>

#include <algorithm>
#include <utility>

#include "caption/error.h"
#include "libtorch/engine/device_streams.h"
#include "libtorch/engine/prefixes.h"

namespace caption {

EncodeAhead::EncodeAhead(const Bundle<at::Tensor>& bundle, Transfer transfer, std::size_t batch,
                         c10::Stream beside, std::vector<std::int32_t> prompt)
    : bundle_(bundle),
      transfer_(std::move(transfer)),
      batch_(batch),
      beside_(beside),
      prompt_(std::move(prompt)) {
  reached(current_stream(transfer_.device)).block(beside_);  // where the weights came
}

EncodeAhead::~EncodeAhead() {
  try {
    reached(beside_).block(current_stream(transfer_.device));
  } catch (const c10::Error&) {
    return;  // the device has failed, and with it what was to be kept in order
  }
}

void EncodeAhead::encode_whole_batches() {
  while (waiting_.size() >= batch_) encode(batch_);
}

at::Tensor EncodeAhead::take(std::size_t n) {
  const c10::Stream here = current_stream(transfer_.device);
  std::vector<at::Tensor> parts;
  for (std::size_t left = n; left > 0;) {
    if (encoded_.empty()) encode(std::min(left, batch_));
    Encoded& next = encoded_.front();
    const auto count = static_cast<std::int64_t>(left);
    next.done.block(here);
    next.prefixes.record_stream(here);
    const std::int64_t taken = std::min(count, next.prefixes.size(0));
    parts.push_back(next.prefixes.narrow(0, 0, taken));
    left -= static_cast<std::size_t>(taken);
    next.prefixes = next.prefixes.narrow(0, taken, next.prefixes.size(0) - taken);
    if (next.prefixes.size(0) == 0) encoded_.pop_front();
  }
  return parts.size() == 1 ? parts.front() : at::cat(parts);
}

void EncodeAhead::encode(std::size_t count) {
  if (waiting_.size() < count) throw Error(ErrorKind::internal, "more images join a search than were added");
  const c10::StreamGuard guard(beside_);
  const at::Tensor prefixes = bundle_.gpt2->with_prompt(
      prefixes_of(bundle_, std::span(waiting_).first(count), transfer_), prompt_);  // [n, P, E]
  encoded_.push_back({prefixes, c10::Event(beside_.device_type())});
  encoded_.back().done.record(beside_);
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
}

}  // namespace caption
