#include "decode/sample.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "decode/next_choice.h"

namespace caption {
namespace {

constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;

std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

/// The tokens that may be drawn, each with a weight proportional to its probability.
class Choices {
 public:
  explicit Choices(const DecodeOptions& options) : options_(options) {}

  /// Throws if there are none.
  void load(const NextToken& next) {
    if (!next.weights(weights_)) throw no_continuation();
    kept_.resize(weights_.size());
    std::iota(kept_.begin(), kept_.end(), 0);
    mass_ = std::accumulate(weights_.begin(), weights_.end(), 0.0);
    if (options_.top_k > 0 || options_.top_p < 1) truncate();
  }

  /// The token at `position`, in [0, 1), of the kept weights laid end to end.
  std::int32_t at(double position) const {
    double sum = 0;
    std::int32_t drawn = kept_.front();
    for (const std::int32_t token : kept_) {
      const double weight = weight_of(token);
      if (weight == 0) continue;
      drawn = token;
      sum += weight;
      if (sum > position * mass_) break;
    }
    return drawn;
  }

 private:
  double weight_of(std::int32_t token) const {
    return static_cast<double>(weights_[static_cast<std::size_t>(token)]);
  }

  /// Keeps the likeliest by top_k and top_p; of equal ones the lower id goes first.
  void truncate() {
    const auto less_likely = [&](std::int32_t a, std::int32_t b) {
      return weight_of(a) != weight_of(b) ? weight_of(a) < weight_of(b) : a > b;
    };
    std::vector<std::int32_t> heap = std::exchange(kept_, {});
    std::make_heap(heap.begin(), heap.end(), less_likely);
    const bool by_count = options_.top_k > 0;
    const std::size_t most = by_count ? static_cast<std::size_t>(options_.top_k) : heap.size();
    const double enough = by_count ? std::numeric_limits<double>::infinity() : options_.top_p * mass_;
    double sum = 0;
    while (!heap.empty() && kept_.size() < most && sum < enough) {
      std::pop_heap(heap.begin(), heap.end(), less_likely);
      kept_.push_back(heap.back());
      sum += weight_of(heap.back());
      heap.pop_back();
    }
    mass_ = sum;
    if (by_count && options_.top_p < 1) cut(options_.top_p * sum);
  }

  /// Keeps the first of the kept tokens that together weigh `enough`.
  void cut(double enough) {
    std::size_t count = 0;
    mass_ = 0;
    while (count < kept_.size() && mass_ < enough) mass_ += weight_of(kept_[count++]);
    kept_.resize(count);
  }

  const DecodeOptions& options_;
  std::vector<float> weights_;      ///< by token
  std::vector<std::int32_t> kept_;  ///< ascending ids, or the likeliest first
  double mass_ = 0;                 ///< sum of the kept weights
};

/// A sequence being drawn.
struct Draw {
  Hypothesis hypothesis;
  SplitMix64 random;
  std::size_t row = 0;
  bool stopped = false;
  StopTexts::State text = StopTexts::kStart;
};

double mean(const Hypothesis& hypothesis) {
  return hypothesis.score / static_cast<double>(hypothesis.tokens.size());
}

class Sampling : public ImageSearch {
 public:
  Sampling(const StopRule& stop, const Wording& wording, const DecodeOptions& options, std::size_t row)
      : stop_(stop), options_(options), next_(stop, wording, options), choices_(options_) {
    for (int i = 0; i < options.n_best; ++i)
      draws_.push_back({{}, SplitMix64(options.seed, static_cast<std::uint64_t>(i)), row, false, stop.first});
  }
  Sampling(const Sampling&) = delete;  // choices_ refers to options_
  Sampling& operator=(const Sampling&) = delete;

  bool running() const override {
    return std::any_of(draws_.begin(), draws_.end(), [](const Draw& draw) { return !draw.stopped; });
  }

  void ask(std::vector<std::int32_t>& tokens, std::vector<std::int32_t>& parents) override {
    for (Draw& draw : draws_) {
      if (draw.stopped) continue;
      tokens.push_back(draw.hypothesis.tokens.back());
      parents.push_back(static_cast<std::int32_t>(std::exchange(draw.row, tokens.size() - 1)));
    }
  }

  void extend(const LogitRows& rows) override {
    std::size_t loaded = std::numeric_limits<std::size_t>::max();  // at the first position all have one row
    for (Draw& draw : draws_) {
      if (draw.stopped) continue;
      if (loaded != draw.row) {
        loaded = draw.row;
        next_.load(rows[loaded], draw.hypothesis.tokens);
        choices_.load(next_.distribution());
      }
      const std::int32_t token = choices_.at(draw.random.next());
      draw.hypothesis.tokens.push_back(token);
      draw.hypothesis.score += static_cast<double>(next_.distribution().log_probability(token));
      draw.stopped = stop_.ends_with(token, draw.text);
    }
  }

  std::vector<Hypothesis> finish() override {
    std::vector<Hypothesis> hypotheses;
    for (Draw& draw : draws_) hypotheses.push_back(std::move(draw.hypothesis));
    std::stable_sort(hypotheses.begin(), hypotheses.end(),
                     [](const Hypothesis& a, const Hypothesis& b) { return mean(a) > mean(b); });
    return hypotheses;
  }

 private:
  StopRule stop_;
  DecodeOptions options_;
  std::vector<Draw> draws_;
  NextChoice next_;
  // Scratch memory of one step.
  Choices choices_;
};

}  // namespace

SplitMix64::SplitMix64(std::uint64_t seed, std::uint64_t number)
    : state_(mix(mix(seed + kGolden) + number)) {}

double SplitMix64::next() {
  state_ += kGolden;
  return static_cast<double>(mix(state_) >> 11) * 0x1p-53;
}

std::unique_ptr<ImageSearch> make_sampling(const StopRule& stop, const Wording& wording,
                                           const DecodeOptions& options, std::size_t row) {
  return std::make_unique<Sampling>(stop, wording, options, row);
}

}  // namespace caption
