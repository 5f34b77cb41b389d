#include "decode/required_words.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

namespace caption {
namespace {

using Tokens = std::span<const std::int32_t>;

/// Whether `tokens` end with the first `count` of `sequence`.
bool ends_with(Tokens tokens, Tokens sequence, std::size_t count) {
  return count <= tokens.size() &&
         std::equal(tokens.end() - static_cast<std::ptrdiff_t>(count), tokens.end(), sequence.begin());
}

}  // namespace

std::size_t RequiredWords::State::lacks() const {
  return std::accumulate(left.begin(), left.end(), std::size_t{0});
}

/// Visits every sequence that stands for the word with the number of its tokens that `tokens` end with, for
/// every such number.
template <typename Visit>
void RequiredWords::for_each_progress(std::size_t word, Tokens tokens, const Visit& visit) const {
  for (const auto& sequence : words_[word].anywhere) {
    for (std::size_t count = 0; count <= sequence.size(); ++count)
      if (ends_with(tokens, sequence, count)) visit(sequence, count);
  }
  if (has_prompt_) return;
  for (const auto& sequence : words_[word].at_start) {
    if (tokens.size() <= sequence.size() && ends_with(tokens, sequence, tokens.size()))
      visit(sequence, tokens.size());
  }
}

RequiredWords::State RequiredWords::behind(Tokens tokens, std::vector<bool> met) const {
  State state;
  for (std::size_t word = 0; word < words_.size(); ++word) {
    std::size_t least = met[word] ? 0 : std::numeric_limits<std::size_t>::max();
    for_each_progress(word, tokens, [&](const auto& sequence, std::size_t count) {
      least = std::min(least, sequence.size() - count);
    });
    state.just_met = state.just_met || (least == 0 && !met[word]);
    state.left.push_back(least);
    met[word] = least == 0;
  }
  state.met = std::move(met);
  return state;
}

std::vector<std::int32_t> RequiredWords::wanted(Tokens tokens, const State& state) const {
  std::vector<std::int32_t> wanted;
  for (std::size_t word = 0; word < words_.size(); ++word) {
    if (state.met[word]) continue;
    for_each_progress(word, tokens, [&](const auto& sequence, std::size_t count) {
      if (count < sequence.size()) wanted.push_back(sequence[count]);
    });
  }
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  return wanted;
}

}  // namespace caption
