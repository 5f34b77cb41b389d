#include "libtorch/decode/beams.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace caption {
namespace {

constexpr double kImpossible = -std::numeric_limits<double>::infinity();

/// What may become of each image's beams, C in a row: first the first beam's, the likeliest first, and so on.
struct Continuations {
  at::Tensor values;  ///< [S, C] fp32: what they are ranked by; minus infinity if there is none
  at::Tensor tokens;  ///< [S, C] int64
  std::int64_t each;  ///< of one beam
};

/// values [S, W, k], tokens likewise -> at least `least` of each image
Continuations in_a_row(const at::Tensor& values, const at::Tensor& tokens, std::int64_t least) {
  const std::int64_t each = values.size(2);
  const std::int64_t count = values.size(1) * each;
  const at::Tensor flat = values.flatten(1);
  if (count >= least) return {flat, tokens.flatten(1), each};
  return {at::constant_pad_nd(flat, {0, least - count}, kImpossible),
          at::constant_pad_nd(tokens.flatten(1), {0, least - count}, 0), each};
}

/// [states * V] int16, on the device
at::Tensor table_of(const StopTexts& texts, std::int64_t vocabulary, at::Device device) {
  const std::vector<StopTexts::State> states = texts.table(static_cast<std::size_t>(vocabulary));
  const at::Tensor table = at::empty({static_cast<std::int64_t>(states.size())}, at::kShort);
  std::copy(states.begin(), states.end(), table.mutable_data_ptr<StopTexts::State>());
  return table.to(device);
}

}  // namespace

BeamRules::BeamRules(const DeviceTask& task, std::int64_t vocabulary_size)
    : changed(task),
      beams(task.decode.beam),
      most(task.decode.max_tokens),
      stops(task.stop.tokens.begin(), task.stop.tokens.end()),
      vocabulary(vocabulary_size),
      first(task.stop.first) {
  std::vector<float> powers;  // as decode/beam.cpp takes them
  for (std::int64_t length = 0; length <= most; ++length)
    powers.push_back(static_cast<float>(std::pow(static_cast<double>(length), task.decode.length_penalty)));
  divisors = at::tensor(powers, at::kFloat).to(task.device);
  if (task.stop.texts != nullptr) texts = table_of(*task.stop.texts, vocabulary, task.device);
}

static_assert(sizeof(Beams) == Beams::kFields.size() * sizeof(at::Tensor), "a field is missing in the list");

Beams Beams::of_new_images(std::int64_t images, std::int64_t width, const BeamRules& rules) {
  const at::TensorOptions on = rules.divisors.options();
  const std::vector<std::int64_t> shape{images, width};
  const at::Tensor exists = at::zeros(shape, on.dtype(at::kBool));
  exists.narrow(1, 0, 1).fill_(true);
  return {.tokens = at::zeros({images, width, rules.most}, on.dtype(at::kInt)),
          .lengths = at::zeros(shape, on.dtype(at::kLong)),
          .scores = at::zeros(shape, on),
          .stopped = at::zeros(shape, on.dtype(at::kBool)),
          .text = rules.texts.defined() ? at::full(shape, rules.first, on.dtype(at::kLong)) : at::Tensor(),
          .exists = exists,
          .parents = at::zeros(shape, on.dtype(at::kLong)),
          .last = at::zeros(shape, on.dtype(at::kLong)),
          .steps = at::zeros({images}, on.dtype(at::kLong)),
          .status = at::zeros({images}, on.dtype(at::kInt))};
}

void Beams::follow(const Beams& next) const {
  const at::Tensor runs = status.eq(kRunning);  // [S]
  const auto take = [&](const at::Tensor& from, const at::Tensor& to) {
    std::vector<std::int64_t> shape(static_cast<std::size_t>(to.dim()), 1);
    shape[0] = runs.size(0);
    to.copy_(at::where(runs.view(shape), from, to));
  };
  for (const auto field : kFields)
    if ((this->*field).defined()) take(next.*field, this->*field);
}

void Beams::put(const at::Tensor& slots, const Beams& beams) const {
  for (const auto field : kFields)
    if ((this->*field).defined()) (this->*field).index_copy_(0, slots, beams.*field);
}

namespace {

/// logits [S * W, V] -> the continuations, and whether a running beam's logits are damaged [S]
Continuations continuations(const Beams& beams, const at::Tensor& logits, const BeamRules& rules,
                            at::Tensor& damaged) {
  const std::int64_t images = beams.scores.size(0);
  const std::int64_t width = beams.scores.size(1);
  const TopK next =
      rules.changed.top_k(logits, rules.changed.history(beams.tokens, beams.steps), beams.steps);
  const std::int64_t k = next.tokens.size(1);
  const at::Tensor tokens = next.tokens.view({images, width, k});
  const at::Tensor log_probabilities = next.log_probabilities.view({images, width, k});
  const at::Tensor runs = beams.exists.logical_and(beams.stopped.logical_not());  // [S, W]
  damaged = log_probabilities.select(2, 0).isnan().logical_and_(runs).any(1);

  const auto divisor = [&](const at::Tensor& lengths) {
    return rules.divisors.index_select(0, lengths.clamp_max(rules.most).flatten()).view(lengths.sizes());
  };
  const at::Tensor sums = beams.scores.unsqueeze(2) + log_probabilities;  // [S, W, k]
  const at::Tensor goes_on = (sums / divisor(beams.lengths + 1).unsqueeze(2))
                                 .masked_fill(runs.logical_not().unsqueeze(2), kImpossible);
  // A beam that has stopped continues as itself, once.
  const at::Tensor itself = beams.scores / divisor(beams.lengths);  // [S, W]
  const at::Tensor values = goes_on.clone();
  values.select(2, 0).copy_(at::where(beams.exists.logical_and(beams.stopped), itself, goes_on.select(2, 0)));
  return in_a_row(values, tokens, rules.beams);
}

/// What StopTexts knows of each beam behind `token` [S, B], its parent being `parent` [S, B] -> [S, B]
at::Tensor follow_texts(const Beams& beams, const at::Tensor& parent, const at::Tensor& token,
                        const BeamRules& rules) {
  const at::Tensor from = beams.text.gather(1, parent).clamp_min(StopTexts::kStart);
  const at::Tensor places = from * rules.vocabulary + token;
  return rules.texts.index_select(0, places.flatten()).view(places.sizes()).to(at::kLong);
}

}  // namespace

Beams extend(const Beams& beams, const at::Tensor& logits, const BeamRules& rules) {
  at::Tensor damaged;
  const Continuations all = continuations(beams, logits, rules, damaged);
  // Stable: equal values go to the earlier beam, then to the likelier token.
  const auto [ranked, order] = at::sort(all.values, /*stable=*/true, /*dim=*/1, /*descending=*/true);
  const at::Tensor chosen = order.narrow(1, 0, rules.beams);  // [S, B]
  const at::Tensor value = ranked.narrow(1, 0, rules.beams);
  const at::Tensor parent = chosen.div(all.each, "floor").clamp_max(beams.scores.size(1) - 1);
  const at::Tensor token = all.tokens.gather(1, chosen);

  Beams next;
  const at::Tensor had_stopped = beams.stopped.gather(1, parent);
  next.parents = parent;
  next.last = token;
  next.exists = value.gt(kImpossible);
  next.stopped = had_stopped.clone();
  for (const std::int64_t stop : rules.stops) next.stopped.logical_or_(token.eq(stop));
  if (rules.texts.defined()) {
    next.text = follow_texts(beams, parent, token, rules);
    next.stopped.logical_or_(next.text.eq(StopTexts::kFound));
  }
  next.lengths = beams.lengths.gather(1, parent) + had_stopped.logical_not();
  // Not the sum itself: the reference multiplies the quotient back, and its rounding is part of the ranking.
  const at::Tensor divisors =
      rules.divisors.index_select(0, next.lengths.clamp_max(rules.most).flatten()).view(value.sizes());
  next.scores = (value * divisors).masked_fill(next.exists.logical_not(), 0);
  const at::Tensor places =
      beams.steps.clamp_max(rules.most - 1).view({-1, 1, 1}).expand({-1, rules.beams, 1});
  next.tokens = beams.tokens.gather(1, parent.unsqueeze(2).expand({-1, -1, rules.most}))
                    .scatter(2, places, token.to(at::kInt).unsqueeze(2));
  next.steps = beams.steps + 1;
  const at::Tensor runs = next.exists.logical_and(next.stopped.logical_not()).any(1);
  const at::Tensor ended = runs.logical_not().logical_or_(next.steps.ge(rules.most));  // [S]
  next.status = ended.to(at::kInt);
  if (rules.changed.can_exclude()) next.status.masked_fill_(next.exists.any(1).logical_not(), Beams::kStuck);
  next.status.masked_fill_(damaged, Beams::kDamaged);
  return next;
}

at::Tensor best_sequences(const Beams& beams, std::int64_t n, const BeamRules& rules) {
  const at::Tensor divisors =
      rules.divisors.index_select(0, beams.lengths.flatten()).view(beams.lengths.sizes());
  const at::Tensor values = (beams.scores / divisors).masked_fill(beams.exists.logical_not(), kImpossible);
  const at::Tensor order = std::get<1>(at::sort(values, /*stable=*/true, /*dim=*/1, /*descending=*/true))
                               .narrow(1, 0, n);  // [S, n]
  const at::Tensor lengths =
      beams.lengths.masked_fill(beams.exists.logical_not(), 0).gather(1, order).to(at::kInt);
  const at::Tensor scores = beams.scores.gather(1, order).view(at::kInt);
  const at::Tensor tokens = beams.tokens.gather(1, order.unsqueeze(2).expand({-1, -1, rules.most}));
  return at::cat({lengths.unsqueeze(2), scores.unsqueeze(2), tokens}, 2);
}

}  // namespace caption
