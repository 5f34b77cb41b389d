#include "decode/stop_texts.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "caption/error.h"
#include "caption/options.h"

namespace caption {
namespace {

std::size_t byte(char c) {
  return static_cast<unsigned char>(c);
}

std::size_t index(StopTexts::State state) {
  return static_cast<std::size_t>(state);
}

}  // namespace

void validate_stop_texts(std::span<const std::string> texts) {
  const auto refuse = [](const std::string& message) { throw Error(ErrorKind::usage, message); };
  if (texts.size() > kMostStopTexts) {
    refuse("there are " + std::to_string(texts.size()) + " stop texts: there can be at most " +
           std::to_string(kMostStopTexts));
  }
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (texts[i].empty())
      refuse("stop text " + std::to_string(i + 1) + " is empty: it would end every caption at once");
    if (replace_invalid_utf8(texts[i]) != texts[i])
      refuse("stop text " + std::to_string(i + 1) + " is not UTF-8");
    bytes += texts[i].size();
  }
  if (bytes > kMostStopTextBytes) {
    refuse("the stop texts have " + std::to_string(bytes) + " bytes: together they can have at most " +
           std::to_string(kMostStopTextBytes));
  }
}

static_assert(kMostStopTextBytes < 32767, "a state for each byte and one more are numbered by a State");

StopTexts::StopTexts(std::span<const std::string> texts, TokenBytes bytes)
    : next_(1), bytes_(std::move(bytes)) {
  validate_stop_texts(texts);
  std::vector<bool> ends(1);
  for (const std::string& text : texts) add(text, ends);
  complete(std::move(ends));
}

/// A state for every beginning of `text`; kStart, which is behind no byte, means that there is none.
void StopTexts::add(std::string_view text, std::vector<bool>& ends) {
  State state = kStart;
  for (const char c : text) {
    if (next_[index(state)][byte(c)] == kStart) {
      next_[index(state)][byte(c)] = static_cast<State>(next_.size());
      next_.emplace_back();
      ends.push_back(false);
    }
    state = next_[index(state)][byte(c)];
  }
  ends[index(state)] = true;
}

/// Where no text goes on, the longest suffix does that is the beginning of one.
void StopTexts::complete(std::vector<bool> ends) {
  std::vector<State> suffix(next_.size(), kStart);
  std::vector<State> order{kStart};  // by the length of what they stand for
  for (std::size_t i = 0; i < order.size(); ++i) {
    const State state = order[i];
    for (std::size_t c = 0; c < next_[index(state)].size(); ++c) {
      State& next = next_[index(state)][c];
      const State otherwise = state == kStart ? State{kStart} : next_[index(suffix[index(state)])][c];
      if (next == kStart) {
        next = otherwise;
        continue;
      }
      suffix[index(next)] = otherwise;
      ends[index(next)] = ends[index(next)] || ends[index(otherwise)];
      order.push_back(next);
    }
  }
  for (Transitions& transitions : next_)
    for (State& next : transitions)
      if (ends[index(next)]) next = kFound;
}

StopTexts::State StopTexts::follow(State state, std::string_view bytes) const {
  for (const char c : bytes) {
    state = next_[index(state)][byte(c)];
    if (state == kFound) break;
  }
  return state;
}

std::vector<StopTexts::State> StopTexts::table(std::size_t vocabulary) const {
  std::vector<std::string> tokens;
  tokens.reserve(vocabulary);
  std::vector<State> table;
  table.reserve(states() * vocabulary);
  for (std::size_t token = 0; token < vocabulary; ++token) {
    tokens.push_back(bytes_(static_cast<std::int32_t>(token)));
    table.push_back(follow(kStart, tokens.back()));
  }
  for (std::size_t state = 1; state < states(); ++state) {
    const Transitions& next = next_[state];
    for (std::size_t token = 0; token < vocabulary; ++token) {
      const std::string& bytes = tokens[token];
      // Most tokens go on with no text: they lead where they do from the start.
      const bool as_from_start = !bytes.empty() && next[byte(bytes[0])] == next_[kStart][byte(bytes[0])];
      table.push_back(as_from_start ? table[token] : follow(static_cast<State>(state), bytes));
    }
  }
  return table;
}

}  // namespace caption
