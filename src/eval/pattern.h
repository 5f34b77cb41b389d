#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "eval/char_set.h"

namespace caption::eval {

/// A nondeterministic automaton. A state has one edge for the code units of a set, or any number of edges
/// that take none, or is an end.
struct Automaton {
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  struct State {
    std::size_t set = kNone;        ///< index into `sets`
    std::size_t next = kNone;       ///< behind a code unit of that set
    std::vector<std::size_t> free;  ///< behind nothing
    std::size_t end = kNone;        ///< number of the pattern that ends here
  };
  std::vector<State> states;
  std::vector<CharSet> sets;
};

/// Makes automata of patterns, which are written as regular expressions usually are: a sequence of
///   c             the character c; an ASCII letter in both cases
///   [a-z] [^a-z]  one of a set, or of all others, in the cases that are written
///   {name}        what is called so, as a whole
///   (x|y)         one or the other
///   x? x* x+ x{2} x{2,4}
///   \x \t \n \r \f \v \u00AD   a character as it is; by name; by its number
/// Patterns are UTF-8, and speak of UTF-16 code units.
class PatternCompiler {
 public:
  /// Gives a pattern a name, for those that come later.
  void name(const std::string& name, std::string_view pattern);
  /// Gives a set a name.
  void name(const std::string& name, CharSet set) { named_sets_[name] = std::move(set); }

  /// A part of an automaton: into `first`, out of `last`, which has no edges yet.
  struct Part {
    std::size_t first;
    std::size_t last;
  };
  /// Adds states for `pattern`. Throws Error(internal) for one that is wrong.
  Part add(Automaton& automaton, std::string_view pattern);

 private:
  friend class PatternParser;

  std::size_t set_index(Automaton& automaton, const CharSet& set);

  std::map<std::string, std::u16string> named_patterns_;
  std::map<std::string, CharSet> named_sets_;
};

}  // namespace caption::eval
