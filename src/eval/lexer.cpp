#include "eval/lexer.h"

#include <algorithm>

#include "caption/error.h"

namespace caption::eval {

LazyAutomaton::LazyAutomaton(const Automaton& automaton, const CharClasses& classes, std::size_t first)
    : automaton_(automaton), classes_(classes), seen_(automaton.states.size()) {
  add({first});
}

std::int32_t LazyAutomaton::find(std::int32_t state, std::size_t char_class) {
  std::vector<std::size_t> seeds;
  for (const std::size_t member : members_[static_cast<std::size_t>(state)]) {
    const Automaton::State& from = automaton_.states[member];
    if (from.set != Automaton::kNone && classes_.in(char_class, from.set)) seeds.push_back(from.next);
  }
  const std::int32_t next = seeds.empty() ? kDead : add(seeds);
  next_[static_cast<std::size_t>(state) * classes_.count() + char_class] = next;
  return next;
}

std::int32_t LazyAutomaton::add(const std::vector<std::size_t>& seeds) {
  std::vector<std::size_t> reached;
  const auto reach = [&](std::size_t state) {
    if (!seen_[state]) reached.push_back(state);
    seen_[state] = true;
  };
  for (const std::size_t seed : seeds) reach(seed);
  std::vector<std::size_t> members;
  std::size_t end = Automaton::kNone;
  for (std::size_t i = 0; i < reached.size(); ++i) {
    const Automaton::State& state = automaton_.states[reached[i]];
    for (const std::size_t next : state.free) reach(next);
    if (state.set != Automaton::kNone || state.end != Automaton::kNone) members.push_back(reached[i]);
    end = std::min(end, state.end);
  }
  for (const std::size_t state : reached) seen_[state] = false;
  std::sort(members.begin(), members.end());
  const auto found = numbers_.emplace(members, static_cast<std::int32_t>(members_.size()));
  if (found.second) {
    members_.push_back(std::move(members));
    ends_.push_back(end);
    next_.resize(next_.size() + classes_.count(), kUnknown);
  }
  return found.first->second;
}

Lexer::Lexer(PatternCompiler compiler, const std::vector<LexerRule>& rules) {
  automaton_.states.emplace_back();
  std::vector<std::size_t> pattern_starts(rules.size(), Automaton::kNone);
  std::vector<std::size_t> then_starts(rules.size(), Automaton::kNone);
  const auto ended = [&](PatternCompiler::Part part, std::size_t rule) {
    automaton_.states[part.last].end = rule;
    return part.first;
  };
  for (std::size_t i = 0; i < rules.size(); ++i) {
    PatternCompiler::Part whole = compiler.add(automaton_, rules[i].pattern);
    if (!rules[i].then.empty()) {
      const PatternCompiler::Part then = compiler.add(automaton_, rules[i].then);
      automaton_.states[whole.last].free.push_back(then.first);
      whole.last = then.last;
      pattern_starts[i] = ended(compiler.add(automaton_, rules[i].pattern), i);
      then_starts[i] = ended(compiler.add(automaton_, rules[i].then), i);
    }
    automaton_.states[0].free.push_back(ended(whole, i));
  }
  classes_ = std::make_unique<CharClasses>(automaton_.sets);
  all_ = std::make_unique<LazyAutomaton>(automaton_, *classes_, 0);
  parts_.resize(rules.size());
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (rules[i].then.empty()) continue;
    parts_[i].pattern = std::make_unique<LazyAutomaton>(automaton_, *classes_, pattern_starts[i]);
    parts_[i].then = std::make_unique<LazyAutomaton>(automaton_, *classes_, then_starts[i]);
  }
}

Lexer::Match Lexer::longest(std::u16string_view text, std::size_t at) {
  Match match{Automaton::kNone, 0};
  std::int32_t state = all_->start();
  for (std::size_t i = at; i < text.size(); ++i) {
    state = all_->step(state, text[i]);
    if (state == LazyAutomaton::kDead) break;
    if (all_->end(state) != Automaton::kNone) match = {all_->end(state), i + 1 - at};
  }
  if (match.rule == Automaton::kNone) throw Error(ErrorKind::internal, "no rule takes a character");
  const Parts& parts = parts_[match.rule];
  if (!parts.pattern) return match;
  // Where the pattern may end, from the last place on: does the rest match the other part?
  std::vector<std::size_t> ends;
  state = parts.pattern->start();
  for (std::size_t i = 0; i < match.length && state != LazyAutomaton::kDead; ++i) {
    state = parts.pattern->step(state, text[at + i]);
    if (state != LazyAutomaton::kDead && parts.pattern->end(state) != Automaton::kNone) ends.push_back(i + 1);
  }
  for (auto end = ends.rbegin(); end != ends.rend(); ++end) {
    state = parts.then->start();
    for (std::size_t i = *end; i < match.length && state != LazyAutomaton::kDead; ++i)
      state = parts.then->step(state, text[at + i]);
    if (state != LazyAutomaton::kDead && parts.then->end(state) != Automaton::kNone)
      return {match.rule, *end};
  }
  throw Error(ErrorKind::internal, "a match of two parts cannot be divided");
}

}  // namespace caption::eval
