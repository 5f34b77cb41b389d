#include "decode/required_search.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "caption/error.h"
#include "decode/next_choice.h"
#include "decode/required_words.h"

namespace caption {
namespace {

struct WordBeam {
  std::vector<std::int32_t> tokens;
  RequiredWords::State words;
  float score = 0;  ///< sum of log-probabilities
  StopTexts::State text = StopTexts::kStart;
  bool stopped = false;
  std::size_t row = 0;  ///< of the model's latest answer
};

class RequiredSearch : public ImageSearch {
 public:
  RequiredSearch(const StopRule& stop, const Wording& wording, const DecodeOptions& options, std::size_t row)
      : stop_(stop),
        options_(options),
        width_(static_cast<std::size_t>(options.beam)),
        most_(static_cast<std::size_t>(options.max_tokens)),
        words_(wording),
        joined_(wording.joined),
        next_(stop, wording, options) {
    beams_.push_back({.words = words_.start(), .text = stop.first, .row = row});
    const std::size_t lacks = beams_[0].words.lacks();
    if (lacks > most_) {
      throw Error(ErrorKind::usage, "the required words have " + std::to_string(lacks) +
                                        " tokens together: the maximum of tokens is " +
                                        std::to_string(most_));
    }
  }

  bool running() const override { return !beams_.empty() && stopped_.size() < width_; }

  void ask(std::vector<std::int32_t>& tokens, std::vector<std::int32_t>& parents) override {
    for (WordBeam& beam : beams_) {
      tokens.push_back(beam.tokens.back());
      parents.push_back(static_cast<std::int32_t>(std::exchange(beam.row, tokens.size() - 1)));
    }
  }

  void extend(const LogitRows& rows) override {
    std::vector<WordBeam> candidates;
    for (const WordBeam& beam : beams_) add_candidates(beam, rows[beam.row], candidates);
    std::stable_sort(candidates.begin(), candidates.end(),
                     [&](const WordBeam& a, const WordBeam& b) { return value(a) > value(b); });
    beams_.clear();
    for (WordBeam& chosen : round_the_banks(std::move(candidates)))
      (chosen.stopped ? stopped_ : beams_).push_back(std::move(chosen));
    if (beams_.empty() && stopped_.empty()) throw no_continuation();
  }

  std::vector<Hypothesis> finish() override {
    for (WordBeam& beam : beams_)
      if (beam.words.lacks() == 0) stopped_.push_back(std::move(beam));
    std::stable_sort(stopped_.begin(), stopped_.end(),
                     [&](const WordBeam& a, const WordBeam& b) { return value(a) > value(b); });
    stopped_.resize(std::min(stopped_.size(), static_cast<std::size_t>(options_.n_best)));
    std::vector<Hypothesis> hypotheses;
    for (WordBeam& beam : stopped_)
      hypotheses.push_back({std::move(beam.tokens), static_cast<double>(beam.score)});
    return hypotheses;
  }

 private:
  /// The likeliest of what can come behind `beam`, and all that its words want.
  void add_candidates(const WordBeam& beam, std::span<const float> logits,
                      std::vector<WordBeam>& candidates) {
    std::vector<std::int32_t> excluded;
    if (beam.words.just_met && joined_) excluded = *joined_;
    for (const std::int32_t stop : stop_.tokens) {
      if (beam.words.lacks() == 0) break;
      const auto place = std::lower_bound(excluded.begin(), excluded.end(), stop);
      if (place == excluded.end() || *place != stop) excluded.insert(place, stop);
    }
    next_.load(logits, beam.tokens, excluded);
    next_.top_k(width_, likeliest_);
    for (const std::int32_t token : words_.wanted(beam.tokens, beam.words)) {
      const auto same = [&](const Candidate& candidate) { return candidate.token == token; };
      if (std::any_of(likeliest_.begin(), likeliest_.end(), same)) continue;
      if (const auto value = next_.log_probability(token)) likeliest_.push_back({token, *value});
    }
    for (const Candidate& candidate : likeliest_) {
      WordBeam next = beam;
      next.tokens.push_back(candidate.token);
      next.score += candidate.log_probability;
      next.stopped = stop_.ends_with(candidate.token, next.text);
      next.words = words_.behind(next.tokens, std::move(next.words.met));
      const std::size_t lacks = next.words.lacks();
      if (lacks <= most_ - next.tokens.size() && !(next.stopped && lacks > 0))
        candidates.push_back(std::move(next));
    }
  }

  /// The places of the beam go to the banks in turns. `candidates`: best first.
  std::vector<WordBeam> round_the_banks(std::vector<WordBeam> candidates) const {
    std::map<std::size_t, std::vector<WordBeam*>> banks;  // by the tokens that are lacking
    for (WordBeam& candidate : candidates) banks[candidate.words.lacks()].push_back(&candidate);
    const std::size_t places = std::min(width_, candidates.size());
    std::vector<WordBeam> chosen;
    for (std::size_t round = 0; chosen.size() < places; ++round) {
      for (auto& [lacks, bank] : banks) {
        if (round < bank.size() && chosen.size() < places) chosen.push_back(std::move(*bank[round]));
      }
    }
    return chosen;
  }

  float value(const WordBeam& beam) const {
    return beam.score /
           static_cast<float>(std::pow(static_cast<double>(beam.tokens.size()), options_.length_penalty));
  }

  StopRule stop_;
  DecodeOptions options_;
  std::size_t width_;
  std::size_t most_;
  RequiredWords words_;
  std::shared_ptr<const std::vector<std::int32_t>> joined_;
  NextChoice next_;
  std::vector<WordBeam> beams_;       ///< those that run
  std::vector<WordBeam> stopped_;     ///< with all words
  std::vector<Candidate> likeliest_;  // scratch memory of one step
};

}  // namespace

std::unique_ptr<ImageSearch> make_required_search(const StopRule& stop, const Wording& wording,
                                                  const DecodeOptions& options, std::size_t row) {
  return std::make_unique<RequiredSearch>(stop, wording, options, row);
}

}  // namespace caption
