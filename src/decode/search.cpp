#include "decode/search.h"

#include <cmath>
#include <limits>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "caption/error.h"
#include "decode/searches.h"

namespace caption {
namespace {

/// Throws unless low <= value <= high, which NaN never is.
template <typename Number>
void require(std::string_view name, Number value, Number low, Number high) {
  if (value >= low && value <= high) return;
  std::ostringstream message;
  message << name << " is " << value << ": it must be ";
  if (high == std::numeric_limits<Number>::max()) {
    message << "at least " << low;
  } else {
    message << "in [" << low << ", " << high << "]";
  }
  throw Error(ErrorKind::usage, message.str());
}

}  // namespace

void validate(const DecodeOptions& options) {
  constexpr int kNoLimit = std::numeric_limits<int>::max();
  require("the beam width", options.beam, 1, kMostHypotheses);
  require("n-best", options.n_best, 1, kMostHypotheses);
  if (!options.sample && options.n_best > options.beam) {
    throw Error(ErrorKind::usage, "n-best is " + std::to_string(options.n_best) +
                                      ": without sampling it can be at most the beam width, " +
                                      std::to_string(options.beam));
  }
  require("the maximum of tokens", options.max_tokens, 0, kNoLimit);
  require("the minimum of tokens", options.min_tokens, 0, kNoLimit);
  if (options.max_tokens > 0 && options.min_tokens > options.max_tokens) {
    throw Error(ErrorKind::usage, "the minimum of tokens is " + std::to_string(options.min_tokens) +
                                      ": it can be at most the maximum, " +
                                      std::to_string(options.max_tokens));
  }
  require("the length of what cannot come twice", options.no_repeat_ngram.value_or(0), 0, kNoLimit);
  validate_stop_texts(options.stop);
  require("the temperature", options.temperature, kLowestTemperature, kHighestTemperature);
  require("top-k", options.top_k, 0, kNoLimit);
  require("the length penalty", options.length_penalty, 0.0, kHighestLengthPenalty);
  if (!(options.top_p > 0 && options.top_p <= 1)) {
    std::ostringstream message;
    message << "top-p is " << options.top_p << ": it must be above 0 and at most 1";
    throw Error(ErrorKind::usage, message.str());
  }
}

void require_searchable(const StopRule& stop, const DecodeOptions& options) {
  validate(options);
  if (options.max_tokens < 1) {
    throw Error(ErrorKind::usage, "the maximum of tokens of a search is " +
                                      std::to_string(options.max_tokens) + ": it must be at least 1");
  }
  if (options.stop.empty() != (stop.texts == nullptr))
    throw Error(ErrorKind::internal, "a search's stop rule was not made with its stop texts");
}

Error no_continuation() {
  return {ErrorKind::model,
          "no token is left that could come next: the minimum of tokens excludes the stop token, and what "
          "cannot come twice excludes others"};
}

std::vector<std::vector<Hypothesis>> search(StepFunction& model, std::size_t images, const StopRule& stop,
                                            const DecodeOptions& options) {
  Searches searches(model, stop, options);
  std::vector<std::vector<Hypothesis>> results(images);
  std::size_t joining = images;
  do {
    for (Found& found : searches.advance(std::exchange(joining, 0)))
      results[found.image] = std::move(found.hypotheses);
  } while (searches.running() > 0);
  return results;
}

}  // namespace caption
