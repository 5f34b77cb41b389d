#include "decode/search.h"

#include <cmath>
#include <limits>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "base/utf8.h"
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

void require_above_zero(std::string_view name, double value, double high) {
  if (value > 0 && value <= high) return;
  std::ostringstream message;
  message << name << " is " << value << ": it must be above 0 and at most " << high;
  throw Error(ErrorKind::usage, message.str());
}

void validate_words(const std::string& kind, const std::vector<std::string>& texts, int most) {
  if (texts.size() > static_cast<std::size_t>(most)) {
    throw Error(ErrorKind::usage, "there are " + std::to_string(texts.size()) + " " + kind +
                                      " texts: there can be at most " + std::to_string(most));
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string which = kind + " text " + std::to_string(i + 1);
    if (texts[i].find_first_not_of(" \t\r\n\f\v") == std::string::npos)
      throw Error(ErrorKind::usage, which + " is empty");
    if (!is_utf8(texts[i])) throw Error(ErrorKind::usage, which + " is not UTF-8");
  }
}

void validate_groups(const DecodeOptions& options) {
  require("the number of groups of beams", options.beam_groups, 1, kMostHypotheses);
  require_above_zero("the diversity penalty", options.diversity_penalty, kHighestDiversityPenalty);
  if (options.beam_groups == 1) return;
  if (options.sample || !options.required.empty())
    throw Error(ErrorKind::usage, "groups of beams are for a search, and without required words");
  if (options.beam % options.beam_groups != 0) {
    throw Error(ErrorKind::usage, "a beam of " + std::to_string(options.beam) + " cannot be divided into " +
                                      std::to_string(options.beam_groups) + " groups evenly");
  }
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
  require_above_zero("the repetition penalty", options.repetition_penalty, kHighestRepetitionPenalty);
  validate_words("banned", options.banned, kMostBannedTexts);
  validate_words("required", options.required, kMostRequiredTexts);
  if (!options.required.empty() && (options.sample || options.beam < 2)) {
    throw Error(ErrorKind::usage,
                "required words are searched for by a beam of at least 2, and not in samples");
  }
  validate_groups(options);
  validate_stop_texts(options.stop);
  if (options.past_stop && options.min_tokens > 0) {
    throw Error(ErrorKind::usage,
                "a minimum of tokens holds back the stop token, which does not end captions that go past it");
  }
  require("the temperature", options.temperature, kLowestTemperature, kHighestTemperature);
  require("top-k", options.top_k, 0, kNoLimit);
  require("the length penalty", options.length_penalty, 0.0, kHighestLengthPenalty);
  require_above_zero("top-p", options.top_p, 1);
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
          "is banned or cannot come twice excludes others"};
}

std::vector<std::vector<Hypothesis>> search(StepFunction& model, std::size_t images, const StopRule& stop,
                                            const DecodeOptions& options, const Wording& wording) {
  Searches searches(model, stop, options, wording);
  std::vector<std::vector<Hypothesis>> results(images);
  std::size_t joining = images;
  do {
    for (Found& found : searches.advance(std::exchange(joining, 0)))
      results[found.image] = std::move(found.hypotheses);
  } while (searches.running() > 0);
  return results;
}

}  // namespace caption
