#include "decode/beam.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "decode/next_token.h"
#include "decode/rows.h"

namespace caption {
namespace {

struct Beam {
  std::vector<std::int32_t> tokens;
  float score = 0;  ///< sum of log-probabilities
  bool stopped = false;
  std::size_t row = 0;  ///< of the model's latest answer, unless stopped
};

/// What may become of a beam: one more token, or, if it has stopped, itself.
struct Continuation {
  float value;  ///< what it is ranked by
  const Beam* beam;
  std::int32_t token;
};

class BeamSearch {
 public:
  BeamSearch(const StopRule& stop, const DecodeOptions& options)
      : stop_(stop),
        options_(options),
        width_(static_cast<std::size_t>(options.beam)),
        next_(options.temperature) {}

  std::vector<std::vector<Hypothesis>> run(Rows& rows) {
    std::vector<std::vector<Beam>> images(rows.start(stop_));
    for (std::size_t image = 0; image < images.size(); ++image) {
      images[image].emplace_back();
      images[image][0].row = image;
    }
    for (int length = 0; length < options_.max_tokens; ++length) {
      if (length > 0 && !step(images, rows)) break;
      for (std::vector<Beam>& beams : images) {
        if (is_running(beams)) advance(beams, rows);
      }
    }
    std::vector<std::vector<Hypothesis>> results;
    for (std::vector<Beam>& beams : images) results.push_back(finish(beams));
    return results;
  }

 private:
  static bool is_running(const std::vector<Beam>& beams) {
    return std::any_of(beams.begin(), beams.end(), [](const Beam& beam) { return !beam.stopped; });
  }

  /// Runs the last tokens of all running beams through the model. False if none is left.
  bool step(std::vector<std::vector<Beam>>& images, Rows& rows) {
    tokens_.clear();
    parents_.clear();
    for (std::vector<Beam>& beams : images) {
      for (Beam& beam : beams) {
        if (beam.stopped) continue;
        tokens_.push_back(beam.tokens.back());
        parents_.push_back(static_cast<std::int32_t>(std::exchange(beam.row, tokens_.size() - 1)));
      }
    }
    if (tokens_.empty()) return false;
    rows.step(tokens_, parents_);
    return true;
  }

  /// One step of one image: its beams become the best of their continuations.
  void advance(std::vector<Beam>& beams, const Rows& rows) {
    continuations_.clear();
    for (const Beam& beam : beams) {
      if (beam.stopped) {
        continuations_.push_back({beam.score / divisor(beam.tokens.size()), &beam, beam.tokens.back()});
        continue;
      }
      next_.load(rows[beam.row]);
      next_.likeliest(width_, candidates_);
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
    for (const Continuation& continuation : continuations_) kept.push_back(follow(continuation));
    beams = std::move(kept);
  }

  Beam follow(const Continuation& continuation) const {
    Beam beam = *continuation.beam;
    if (!beam.stopped) {
      beam.tokens.push_back(continuation.token);
      beam.stopped = continuation.token == stop_.token;
    }
    // Not the sum itself: the reference multiplies the quotient back, and its rounding is part of the
    // ranking.
    beam.score = continuation.value * divisor(beam.tokens.size());
    return beam;
  }

  std::vector<Hypothesis> finish(std::vector<Beam>& beams) const {
    std::stable_sort(beams.begin(), beams.end(), [&](const Beam& a, const Beam& b) {
      return a.score / divisor(a.tokens.size()) > b.score / divisor(b.tokens.size());
    });
    beams.resize(std::min(beams.size(), static_cast<std::size_t>(options_.n_best)));
    std::vector<Hypothesis> hypotheses;
    for (Beam& beam : beams) hypotheses.push_back({std::move(beam.tokens), static_cast<double>(beam.score)});
    return hypotheses;
  }

  float divisor(std::size_t length) const {
    return static_cast<float>(std::pow(static_cast<double>(length), options_.length_penalty));
  }

  StopRule stop_;
  DecodeOptions options_;
  std::size_t width_;
  NextToken next_;
  // Scratch memory of one step.
  std::vector<Candidate> candidates_;
  std::vector<Continuation> continuations_;
  std::vector<std::int32_t> tokens_;
  std::vector<std::int32_t> parents_;
};

}  // namespace

std::vector<std::vector<Hypothesis>> beam_search(StepFunction& model, const StopRule& stop,
                                                 const DecodeOptions& options) {
  Rows rows(model);
  return BeamSearch(stop, options).run(rows);
}

}  // namespace caption
