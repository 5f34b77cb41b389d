#include "pipeline/way.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "base/ascii_space.h"

namespace caption {
namespace {

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(kAsciiSpace);
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(kAsciiSpace) - first + 1);
}

/// Whether up to `longest` items are there `times` times in a row or more, and are at least `least` items
/// then.
template <typename Items>
bool has_repetition(const Items& items, std::size_t longest, std::size_t times, std::size_t least) {
  for (std::size_t length = 1; length <= std::min(longest, items.size() / times); ++length) {
    std::size_t same = 0;  // items in a row that stand `length` items before, too
    for (std::size_t i = length; i < items.size(); ++i) {
      same = items[i] == items[i - length] ? same + 1 : 0;
      if (same + length >= std::max(times * length, least)) return true;
    }
  }
  return false;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t at = text.find_first_not_of(kAsciiSpace); at != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(kAsciiSpace, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(kAsciiSpace, end);
  }
  return words;
}

}  // namespace

PixelFormat pixel_format(const Manifest::Image& image) {
  PixelFormat format;
  format.resolution = static_cast<int>(image.resolution);
  for (std::size_t c = 0; c < image.mean.size(); ++c) {
    format.mean[c] = static_cast<float>(image.mean[c]);
    format.std[c] = static_cast<float>(image.std[c]);
  }
  format.fit = image.fit == "stretch" ? Fit::stretch : Fit::crop;
  format.resample = image.resample == "bilinear" ? Resample::bilinear : Resample::bicubic;
  return format;
}

Caption describe(const Described& by, Hypothesis hypothesis) {
  bool ended = false;
  StopTexts::State state = by.stop.first;
  std::vector<std::int32_t> text_tokens = by.prompt;
  for (const std::int32_t token : hypothesis.tokens) {
    ended = by.stop.ends_with(token, state);
    if (!by.tokenizer.piece(token).special) text_tokens.push_back(token);
  }
  const auto count = static_cast<double>(hypothesis.tokens.size());
  const double mean = count > 0 ? hypothesis.score / count : 0;
  Caption caption;
  caption.text = trimmed(by.tokenizer.decode(text_tokens));
  caption.only_prompt = !by.prompt.empty() && caption.text == trimmed(by.tokenizer.decode(by.prompt));
  caption.tokens = std::move(hypothesis.tokens);
  caption.score = hypothesis.score;
  caption.mean_logprob = mean;
  caption.unsure = by.unsure_below && mean < *by.unsure_below;
  caption.finish = ended ? Finish::stop : Finish::length;
  caption.repetition = repeats_itself(caption.text);
  return caption;
}

std::vector<Caption> describe_distinct(const Described& by, std::vector<Hypothesis> hypotheses,
                                       std::size_t most) {
  std::vector<Caption> captions;
  for (Hypothesis& hypothesis : hypotheses) {
    if (captions.size() == most) break;
    Caption caption = describe(by, std::move(hypothesis));
    const bool there = std::any_of(captions.begin(), captions.end(),
                                   [&](const Caption& other) { return other.text == caption.text; });
    if (!there) captions.push_back(std::move(caption));
  }
  return captions;
}

bool repeats_itself(std::string_view text) {
  // A model that says one token for ever may put no space into it.
  if (has_repetition(text, 16, 4, 16)) return true;
  const std::vector<std::string_view> words = words_of(text);
  return has_repetition(words, words.size(), 3, 4);
}

}  // namespace caption
