#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace caption {

/// The bytes that a token stands for, with the space that it may begin with. Safe to call from several
/// threads.
using TokenBytes = std::function<std::string(std::int32_t token)>;

/// Finds texts in a sequence of tokens while it grows, wherever in a token they begin and end: an automaton
/// over bytes (Aho and Corasick, 1975). What is known of a sequence is one state.
class StopTexts {
 public:
  using State = std::int16_t;
  static constexpr State kStart = 0;   ///< of a sequence without tokens
  static constexpr State kFound = -1;  ///< the sequence contains one of the texts

  /// Throws Error(usage) for texts outside the bounds of DecodeOptions::stop.
  StopTexts(std::span<const std::string> texts, TokenBytes bytes);

  /// The state behind `bytes`, from any state but kFound.
  State follow(State state, std::string_view bytes) const;
  /// Likewise behind `token`.
  State follow(State state, std::int32_t token) const { return follow(state, bytes_(token)); }

  /// The state behind every token from every state: [states(), vocabulary], row-major.
  std::vector<State> table(std::size_t vocabulary) const;
  std::size_t states() const { return next_.size(); }  ///< kFound is none of them

 private:
  using Transitions = std::array<State, 256>;  ///< by the next byte

  void add(std::string_view text, std::vector<bool>& ends);
  void complete(std::vector<bool> ends);

  std::vector<Transitions> next_;  ///< by state
  TokenBytes bytes_;
};

/// Throws Error(usage) for texts outside the bounds of DecodeOptions::stop.
void validate_stop_texts(std::span<const std::string> texts);

}  // namespace caption
