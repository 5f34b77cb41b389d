#include "decode/beam.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "decode/exclusions.h"
#include "decode/next_token.h"

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
  BeamSearch(const StopRule& stop, const DecodeOptions& options, std::size_t row)
      : stop_(stop),
        options_(options),
        width_(static_cast<std::size_t>(options.beam)),
        exclusions_(stop, options),
        next_(options.temperature) {
    beams_.emplace_back().row = row;
  }

  bool running() const override {
    return std::any_of(beams_.begin(), beams_.end(), [](const Beam& beam) { return !beam.stopped; });
  }

  void ask(std::vector<std::int32_t>& tokens, std::vector<std::int32_t>& parents) override {
    for (Beam& beam : beams_) {
      if (beam.stopped) continue;
      tokens.push_back(beam.tokens.back());
      parents.push_back(static_cast<std::int32_t>(std::exchange(beam.row, tokens.size() - 1)));
    }
  }

  /// The beams become the best of their continuations.
  void extend(const LogitRows& rows) override {
    continuations_.clear();
    for (const Beam& beam : beams_) {
      if (beam.stopped) {
        continuations_.push_back({beam.score / divisor(beam.tokens.size()), &beam, beam.tokens.back()});
        continue;
      }
      next_.load(rows[beam.row], exclusions_.behind(beam.tokens));
      next_.top_k(width_, candidates_);
      for (const Candidate& next : candidates_) {
        const float sum = beam.score + next.log_probability;
        continuations_.push_back({sum / divisor(beam.tokens.size() + 1), &beam, next.token});
      }
    }
    if (continuations_.empty()) throw no_continuation();
    std::stable_sort(continuations_.begin(), continuations_.end(),
                     [](const Continuation& a, const Continuation& b) { return a.value > b.value; });
    continuations_.resize(std::min(continuations_.size(), width_));
    std::vector<Beam> kept;
    kept.reserve(continuations_.size());
    for (const Continuation& continuation : continuations_) kept.push_back(follow(continuation));
    beams_ = std::move(kept);
  }

  std::vector<Hypothesis> finish() override {
    std::stable_sort(beams_.begin(), beams_.end(), [&](const Beam& a, const Beam& b) {
      return a.score / divisor(a.tokens.size()) > b.score / divisor(b.tokens.size());
    });
    beams_.resize(std::min(beams_.size(), static_cast<std::size_t>(options_.n_best)));
    std::vector<Hypothesis> hypotheses;
    for (Beam& beam : beams_) hypotheses.push_back({std::move(beam.tokens), static_cast<double>(beam.score)});
    return hypotheses;
  }

 private:
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
  std::size_t width_;
  Exclusions exclusions_;
  NextToken next_;
  std::vector<Beam> beams_;
  // Scratch memory of one step.
  std::vector<Candidate> candidates_;
  std::vector<Continuation> continuations_;
};

}  // namespace

std::unique_ptr<ImageSearch> make_beam_search(const StopRule& stop, const DecodeOptions& options,
                                              std::size_t row) {
  return std::make_unique<BeamSearch>(stop, options, row);
}

}  // namespace caption
