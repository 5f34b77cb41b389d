#include "libtorch/decode/changed_tokens.h"

#include <algorithm>
#include <vector>

namespace caption {
namespace {

// What stands in the place of a token, and is none.
constexpr std::int64_t kNone = -1;
constexpr std::int64_t kAny = -2;

at::Tensor to_device(const std::vector<std::int32_t>& tokens, at::Device device) {
  const at::Tensor there = at::empty({static_cast<std::int64_t>(tokens.size())}, at::kLong);
  std::copy(tokens.begin(), tokens.end(), there.mutable_data_ptr<std::int64_t>());
  return there.to(device);
}

/// values [R, V] with change(value) in the places of `tokens` [R, T], where they are not negative
template <typename Change>
at::Tensor with_changed(const at::Tensor& values, const at::Tensor& tokens, const Change& change) {
  const std::int64_t vocabulary = values.size(1);
  const at::Tensor padded = at::constant_pad_nd(values, {0, 1}, 0);  // a place for what is no token
  const at::Tensor places = tokens.masked_fill(tokens.lt(0), vocabulary);
  // A token may be there several times, and is written with the same value then.
  return padded.scatter(1, places, change(padded.gather(1, places))).narrow(1, 0, vocabulary);
}

/// The tokens that count [S, W, T]; kNone in the place of the others.
at::Tensor known(const History& history) {
  const std::int64_t count = history.tokens.size(2);
  const at::Tensor places = at::arange(count, history.lengths.options()).view({1, 1, count});
  return history.tokens.masked_fill(places.ge(history.lengths.view({-1, 1, 1})), kNone);
}

}  // namespace

ChangedTokens::ChangedTokens(const DeviceTask& task)
    : beams_(task.decode.beam),
      most_(task.decode.max_tokens + static_cast<std::int64_t>(task.wording.prompt.size())),
      min_tokens_(task.decode.min_tokens),
      ngram_(task.decode.no_repeat_ngram.value_or(0)),
      temperature_(task.decode.temperature),
      penalty_(task.decode.repetition_penalty),
      top_k_(task.top_k),
      stops_(to_device(task.stop.tokens, task.device)),
      prompt_(to_device(task.wording.prompt, task.device)) {
  if (!task.wording.banned) return;
  const auto& longer = task.wording.banned->longer();
  if (!task.wording.banned->single().empty()) banned_ = to_device(task.wording.banned->single(), task.device);
  if (longer.empty()) return;
  std::size_t longest = 0;
  for (const auto& sequence : longer) longest = std::max(longest, sequence.size());
  std::vector<std::int32_t> begin;
  std::vector<std::int32_t> last;
  for (const auto& sequence : longer) {
    begin.insert(begin.end(), longest - sequence.size(), static_cast<std::int32_t>(kAny));
    begin.insert(begin.end(), sequence.begin(), sequence.end() - 1);
    last.push_back(sequence.back());
  }
  banned_last_ = to_device(last, task.device);
  banned_begin_ = to_device(begin, task.device).view({banned_last_.size(0), -1});
}

History ChangedTokens::history(const at::Tensor& tokens, const at::Tensor& steps) const {
  const std::int64_t prompt = prompt_.size(0);
  const at::Tensor behind = tokens.to(at::kLong);
  if (prompt == 0) return {behind, steps};
  const at::Tensor before = prompt_.view({1, 1, prompt}).expand({tokens.size(0), tokens.size(1), prompt});
  return {at::cat({before, behind}, 2), steps + prompt};
}

/// What would end a sequence of N tokens that its beam has already [S, W, T - N + 1] int64; kNone where
/// nothing would.
at::Tensor ChangedTokens::repetitions(const History& history) const {
  const at::Tensor& tokens = history.tokens;
  const std::int64_t begun = ngram_ - 1;
  const std::int64_t ends = most_ - begun;
  const at::Tensor last = at::arange(begun, most_, history.lengths.options());
  at::Tensor same = last.view({1, 1, ends}).lt(history.lengths.view({-1, 1, 1}));
  for (std::int64_t i = 0; i < begun; ++i) {
    const at::Tensor place = (history.lengths - (begun - i)).clamp(0, most_ - 1);
    const at::Tensor newest = tokens.gather(2, place.view({-1, 1, 1}).expand({-1, tokens.size(1), 1}));
    same = same.logical_and(tokens.narrow(2, i, ends).eq(newest));
  }
  return tokens.narrow(2, begun, ends).masked_fill(same.logical_not(), kNone);
}

/// What would complete one of the Q longer banned sequences [S, W, Q] int64; kNone where nothing would.
at::Tensor ChangedTokens::completions(const History& history) const {
  const std::int64_t count = banned_begin_.size(1);
  const at::Tensor places =
      history.lengths.unsqueeze(1) + at::arange(-count, 0, history.lengths.options());  // [S, L]
  const at::Tensor there =
      places.clamp(0, most_ - 1).unsqueeze(1).expand({-1, history.tokens.size(1), count});
  const at::Tensor newest = history.tokens.gather(2, there).masked_fill(places.lt(0).unsqueeze(1), kNone);
  const at::Tensor same =
      newest.unsqueeze(2).eq(banned_begin_).logical_or(banned_begin_.eq(kAny)).all(3);  // [S, W, Q]
  return banned_last_.expand(same.sizes()).masked_fill(same.logical_not(), kNone);
}

at::Tensor ChangedTokens::excluded(const History& history, const at::Tensor& steps) const {
  const std::int64_t images = history.tokens.size(0);
  const std::int64_t width = history.tokens.size(1);
  std::vector<at::Tensor> parts;
  if (excludes_stop()) {
    const at::Tensor late = steps.ge(min_tokens_).view({images, 1, 1});
    parts.push_back(stops_.view({1, 1, -1}).expand({images, width, -1}).masked_fill(late, kNone));
  }
  if (excludes_repetitions()) parts.push_back(repetitions(history));
  if (banned_.defined()) parts.push_back(banned_.expand({images, width, banned_.size(0)}));
  if (banned_last_.defined()) parts.push_back(completions(history));
  return parts.empty() ? at::Tensor() : at::cat(parts, 2).flatten(0, 1);
}

TopK ChangedTokens::top_k(const at::Tensor& logits, const History& history, const at::Tensor& steps) const {
  const at::Tensor without = excluded(history, steps);
  if (penalty_ == 1) return top_k_(logits, without, beams_, temperature_);
  const at::Tensor seen = known(history).flatten(0, 1);  // [S * W, T]
  const double penalty = penalty_;
  if (beams_ == 1) {
    const at::Tensor changed = with_changed(logits, seen, [penalty](const at::Tensor& logit) {
      return at::where(logit.lt(0), logit * penalty, logit / penalty);
    });
    return top_k_(changed, without, beams_, temperature_);
  }
  const at::Tensor log_probabilities =
      at::log_softmax(temperature_ == 1 ? logits : logits / static_cast<float>(temperature_), 1);
  const at::Tensor changed =
      with_changed(log_probabilities, seen, [penalty](const at::Tensor& value) { return value * penalty; });
  return top_k_of_log_probabilities(changed, without, beams_);
}

}  // namespace caption
