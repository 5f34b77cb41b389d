#include "decode/beam.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "decode/next_choice.h"
#include "decode/required_search.h"

namespace caption {
namespace {

struct Beam {
  std::vector<std::int32_t> tokens;
  float score = 0;  ///< sum of log-probabilities
  bool stopped = false;
  StopTexts::State text = StopTexts::kStart;
  std::size_t row = 0;  ///< of the model's latest answer, unless stopped
};

/// What may become of a beam: one more token, or, if it has stopped, itself.
struct Continuation {
  float value;  ///< what it is ranked by
  const Beam* beam;
  std::int32_t token;
};

class BeamSearch : public ImageSearch {
 public:
  BeamSearch(const StopRule& stop, const Wording& wording, const DecodeOptions& options, std::size_t row)
      : stop_(stop),
        options_(options),
        width_(static_cast<std::size_t>(options.beam / options.beam_groups)),
        next_(stop, wording, options),
        groups_(static_cast<std::size_t>(options.beam_groups)) {
    for (std::vector<Beam>& group : groups_) group.push_back({.text = stop.first, .row = row});
  }

  bool running() const override {
    return std::any_of(groups_.begin(), groups_.end(), [](const std::vector<Beam>& group) {
      return std::any_of(group.begin(), group.end(), [](const Beam& beam) { return !beam.stopped; });
    });
  }

  void ask(std::vector<std::int32_t>& tokens, std::vector<std::int32_t>& parents) override {
    for (std::vector<Beam>& group : groups_) {
      for (Beam& beam : group) {
        if (beam.stopped) continue;
        tokens.push_back(beam.tokens.back());
        parents.push_back(static_cast<std::int32_t>(std::exchange(beam.row, tokens.size() - 1)));
      }
    }
  }

  /// The beams of each group become the best of their continuations.
  void extend(const LogitRows& rows) override {
    taken_.clear();
    bool any = false;
    for (std::vector<Beam>& group : groups_) {
      extend(group, rows);
      any = any || !group.empty();
    }
    if (!any) throw no_continuation();
  }

  std::vector<Hypothesis> finish() override {
    std::vector<Beam> all;
    for (std::vector<Beam>& group : groups_) {
      for (Beam& beam : group) {
        const auto same = [&](const Beam& other) { return other.tokens == beam.tokens; };
        if (std::none_of(all.begin(), all.end(), same)) all.push_back(std::move(beam));
      }
    }
    std::stable_sort(all.begin(), all.end(), [&](const Beam& a, const Beam& b) {
      return a.score / divisor(a.tokens.size()) > b.score / divisor(b.tokens.size());
    });
    all.resize(std::min(all.size(), static_cast<std::size_t>(options_.n_best)));
    std::vector<Hypothesis> hypotheses;
    for (Beam& beam : all) hypotheses.push_back({std::move(beam.tokens), static_cast<double>(beam.score)});
    return hypotheses;
  }

 private:
  void extend(std::vector<Beam>& group, const LogitRows& rows) {
    continuations_.clear();
    for (const Beam& beam : group) {
      if (beam.stopped) {
        continuations_.push_back({beam.score / divisor(beam.tokens.size()), &beam, beam.tokens.back()});
        continue;
      }
      next_.load(rows[beam.row], beam.tokens);
      next_.top_k(width_ + taken_.size(), candidates_);
      make_different();
      for (const Candidate& next : candidates_) {
        const float sum = beam.score + next.log_probability;
        continuations_.push_back({sum / divisor(beam.tokens.size() + 1), &beam, next.token});
      }
    }
    std::stable_sort(continuations_.begin(), continuations_.end(),
                     [](const Continuation& a, const Continuation& b) { return a.value > b.value; });
    continuations_.resize(std::min(continuations_.size(), width_));
    std::vector<Beam> kept;
    kept.reserve(continuations_.size());
    for (const Continuation& continuation : continuations_) {
      if (groups_.size() > 1 && !continuation.beam->stopped) taken_.push_back(continuation.token);
      kept.push_back(follow(continuation));
    }
    group = std::move(kept);
  }

  /// Candidates that earlier groups have taken in this step lose by it, before the repetition penalty.
  void make_different() {
    if (taken_.empty()) return;
    const auto penalty = static_cast<float>(options_.diversity_penalty);
    for (Candidate& candidate : candidates_) {
      const auto times = std::count(taken_.begin(), taken_.end(), candidate.token);
      candidate.log_probability -= penalty * static_cast<float>(times) * next_.factor(candidate.token);
    }
    std::stable_sort(candidates_.begin(), candidates_.end(), [](const Candidate& a, const Candidate& b) {
      return a.log_probability > b.log_probability;
    });
    candidates_.resize(std::min(candidates_.size(), width_));
  }

  Beam follow(const Continuation& continuation) const {
    Beam beam = *continuation.beam;
    if (!beam.stopped) {
      beam.tokens.push_back(continuation.token);
      beam.stopped = stop_.ends_with(continuation.token, beam.text);
    }
    // Not the sum itself: the reference multiplies the quotient back, and its rounding is part of the
    // ranking.
    beam.score = continuation.value * divisor(beam.tokens.size());
    return beam;
  }

  float divisor(std::size_t length) const {
    return static_cast<float>(std::pow(static_cast<double>(length), options_.length_penalty));
  }

  StopRule stop_;
  DecodeOptions options_;
  std::size_t width_;  ///< of a group
  NextChoice next_;
  std::vector<std::vector<Beam>> groups_;
  // Scratch memory of one step.
  std::vector<std::int32_t> taken_;  ///< by the groups so far
  std::vector<Candidate> candidates_;
  std::vector<Continuation> continuations_;
};

}  // namespace

std::unique_ptr<ImageSearch> make_beam_search(const StopRule& stop, const Wording& wording,
                                              const DecodeOptions& options, std::size_t row) {
  if (!wording.required.empty()) return make_required_search(stop, wording, options, row);
  return std::make_unique<BeamSearch>(stop, wording, options, row);
}

}  // namespace caption
