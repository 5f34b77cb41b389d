#include "eval/pattern.h"

#include <algorithm>
#include <string>
#include <utility>

#include "caption/error.h"
#include "eval/utf16.h"

namespace caption::eval {

/// Descends through a pattern, and adds states on its way.
class PatternParser {
 public:
  using Part = PatternCompiler::Part;

  PatternParser(PatternCompiler& compiler, Automaton& automaton, std::u16string_view pattern)
      : compiler_(compiler), automaton_(automaton), pattern_(pattern) {}

  Part whole() {
    const Part part = alternatives();
    if (!at_end()) fail();
    return part;
  }

 private:
  bool at_end() const { return at_ == pattern_.size(); }
  bool sees(char16_t c) const { return !at_end() && pattern_[at_] == c; }
  bool take(char16_t c) {
    if (!sees(c)) return false;
    ++at_;
    return true;
  }
  char16_t next() {
    if (at_end()) fail();
    return pattern_[at_++];
  }
  [[noreturn]] void fail() const {
    throw Error(ErrorKind::internal, "wrong pattern at " + std::to_string(at_) + ": " + to_utf8(pattern_));
  }

  std::size_t state() {
    automaton_.states.emplace_back();
    return automaton_.states.size() - 1;
  }
  void join(std::size_t from, std::size_t to) { automaton_.states[from].free.push_back(to); }

  Part alternatives() {
    Part part = sequence();
    if (!sees('|')) return part;
    const Part all{state(), state()};
    while (true) {
      join(all.first, part.first);
      join(part.last, all.last);
      if (!take('|')) return all;
      part = sequence();
    }
  }

  Part sequence() {
    Part all{state(), 0};
    all.last = all.first;
    while (!at_end() && !sees('|') && !sees(')')) {
      const Part part = repeated();
      join(all.last, part.first);
      all.last = part.last;
    }
    return all;
  }

  Part repeated() {
    const std::size_t begin = at_;
    Part part = atom();
    const std::size_t end = at_;
    if (take('?')) return optional(part);
    if (take('*')) return optional(many(part));
    if (take('+')) return many(part);
    if (!sees('{') || at_ + 1 == pattern_.size() || pattern_[at_ + 1] < '0' || pattern_[at_ + 1] > '9')
      return part;
    ++at_;
    const int least = count();
    const int most = take(',') ? count() : least;
    if (!take('}') || most < 1 || most < least) fail();
    const std::size_t behind = at_;
    if (least == 0) part = optional(part);
    for (int i = 1; i < most; ++i) {
      at_ = begin;
      Part again = atom();
      if (at_ != end) fail();
      if (i >= least) again = optional(again);
      join(part.last, again.first);
      part.last = again.last;
    }
    at_ = behind;
    return part;
  }

  int count() {
    int value = 0;
    if (at_end() || pattern_[at_] < '0' || pattern_[at_] > '9') fail();
    while (!at_end() && pattern_[at_] >= '0' && pattern_[at_] <= '9') value = value * 10 + (next() - '0');
    return value;
  }

  Part optional(const Part& part) {
    const Part all{state(), state()};
    join(all.first, part.first);
    join(all.first, all.last);
    join(part.last, all.last);
    return all;
  }

  Part many(const Part& part) {
    const Part all{state(), state()};
    join(all.first, part.first);
    join(part.last, part.first);
    join(part.last, all.last);
    return all;
  }

  Part atom() {
    const char16_t c = next();
    if (c == '(') {
      const Part part = alternatives();
      if (!take(')')) fail();
      return part;
    }
    if (c == '{') return named();
    if (c == '[') return one_of(bracket());
    if (c == '\\') {
      const char16_t unit = escaped();
      return one_of({{unit, unit}});
    }
    return one_of(in_both_cases(c));
  }

  /// As Java sees cases: a few characters besides ASCII become its letters.
  static CharSet in_both_cases(char16_t c) {
    CharSet set{{c, c}};
    const auto lower = static_cast<char16_t>(c | 0x20U);
    if (lower < 'a' || lower > 'z') return set;
    const auto upper = static_cast<char16_t>(lower - 0x20);
    set.add(lower, lower);
    set.add(upper, upper);
    if (lower == 'i') set.add(u'\u0130', u'\u0131');
    if (lower == 'k') set.add(u'\u212A', u'\u212A');
    if (lower == 's') set.add(u'\u017F', u'\u017F');
    return set;
  }

  std::string name_in_braces() {
    const std::size_t close = pattern_.find(u'}', at_);
    if (close == std::u16string_view::npos) fail();
    std::string name = to_utf8(pattern_.substr(at_, close - at_));
    at_ = close + 1;
    return name;
  }

  Part named() {
    const std::string name = name_in_braces();
    if (const auto set = compiler_.named_sets_.find(name); set != compiler_.named_sets_.end())
      return one_of(set->second);
    const auto pattern = compiler_.named_patterns_.find(name);
    if (pattern == compiler_.named_patterns_.end()) fail();
    return PatternParser(compiler_, automaton_, pattern->second).whole();
  }

  Part one_of(const CharSet& set) {
    const Part part{state(), state()};
    automaton_.states[part.first].set = compiler_.set_index(automaton_, set);
    automaton_.states[part.first].next = part.last;
    return part;
  }

  char16_t escaped() {
    const char16_t c = next();
    switch (c) {
      case 't':
        return '\t';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 'f':
        return '\f';
      case 'v':
        return '\v';
      case 'u':
        break;
      default:
        return c;
    }
    if (at_ + 4 > pattern_.size()) fail();
    const std::string digits = to_utf8(pattern_.substr(at_, 4));
    at_ += 4;
    return static_cast<char16_t>(std::stoul(digits, nullptr, 16));
  }

  CharSet bracket() {
    CharSet set;
    const bool inverted = take('^');
    while (!take(']')) {
      if (take('{')) {
        const auto named = compiler_.named_sets_.find(name_in_braces());
        if (named == compiler_.named_sets_.end()) fail();
        set.add(named->second);
        continue;
      }
      const char16_t c = next();
      const char16_t first = c == '\\' ? escaped() : c;
      char16_t last = first;
      if (sees('-') && at_ + 1 < pattern_.size() && pattern_[at_ + 1] != ']') {
        ++at_;
        const char16_t end = next();
        last = end == '\\' ? escaped() : end;
      }
      if (last < first) fail();
      set.add(first, last);
    }
    return inverted ? set.others() : set;
  }

  PatternCompiler& compiler_;
  Automaton& automaton_;
  std::u16string_view pattern_;
  std::size_t at_ = 0;
};

void PatternCompiler::name(const std::string& name, std::string_view pattern) {
  named_patterns_[name] = to_utf16(pattern);
}

PatternCompiler::Part PatternCompiler::add(Automaton& automaton, std::string_view pattern) {
  const std::u16string units = to_utf16(pattern);
  return PatternParser(*this, automaton, units).whole();
}

std::size_t PatternCompiler::set_index(Automaton& automaton, const CharSet& set) {
  const auto found = std::find(automaton.sets.begin(), automaton.sets.end(), set);
  const auto index = static_cast<std::size_t>(found - automaton.sets.begin());
  if (index == automaton.sets.size()) automaton.sets.push_back(set);
  return index;
}

}  // namespace caption::eval
