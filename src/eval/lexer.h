#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "eval/char_set.h"
#include "eval/pattern.h"

namespace caption::eval {

/// What a lexer recognises: `pattern`, if `then` follows, which may be empty. It competes with other rules by
/// the length of both together; of equally long ones the first in the list wins. Of the ways to divide what
/// was found into the two, the longest `pattern` counts.
struct LexerRule {
  std::string_view pattern;
  std::string_view then;
};

/// A deterministic automaton that is made while it is used. Not to be shared between threads.
class LazyAutomaton {
 public:
  static constexpr std::int32_t kDead = -1;

  /// `first`: where it starts; ends are as in `automaton`, both of which must outlive it.
  LazyAutomaton(const Automaton& automaton, const CharClasses& classes, std::size_t first);

  std::int32_t start() const { return 0; }
  /// The state behind `unit`, or kDead.
  std::int32_t step(std::int32_t state, char16_t unit) {
    const std::size_t at = static_cast<std::size_t>(state) * classes_.count() + classes_.of(unit);
    return next_[at] == kUnknown ? find(state, classes_.of(unit)) : next_[at];
  }
  /// The first of the patterns that end in `state`, or Automaton::kNone.
  std::size_t end(std::int32_t state) const { return ends_[static_cast<std::size_t>(state)]; }

 private:
  static constexpr std::int32_t kUnknown = -2;

  std::int32_t find(std::int32_t state, std::size_t char_class);
  std::int32_t add(const std::vector<std::size_t>& seeds);

  const Automaton& automaton_;
  const CharClasses& classes_;
  std::map<std::vector<std::size_t>, std::int32_t> numbers_;
  std::vector<std::vector<std::size_t>> members_;  ///< states of `automaton_` with a set, or an end
  std::vector<std::size_t> ends_;
  std::vector<std::int32_t> next_;  ///< [states, classes]
  std::vector<bool> seen_;          ///< for `add`
};

/// Finds the longest match of any rule.
class Lexer {
 public:
  /// Throws Error(internal) for a wrong pattern.
  Lexer(PatternCompiler compiler, const std::vector<LexerRule>& rules);

  struct Match {
    std::size_t rule;    ///< its index
    std::size_t length;  ///< of its pattern, in code units
  };
  /// At `at`, which is inside of `text`. One of the rules must match any one code unit.
  Match longest(std::u16string_view text, std::size_t at);

 private:
  struct Parts {  ///< of a rule with `then`
    std::unique_ptr<LazyAutomaton> pattern;
    std::unique_ptr<LazyAutomaton> then;
  };

  Automaton automaton_;
  std::unique_ptr<CharClasses> classes_;
  std::unique_ptr<LazyAutomaton> all_;
  std::vector<Parts> parts_;
};

}  // namespace caption::eval
