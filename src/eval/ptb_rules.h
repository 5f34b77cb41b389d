#pragma once

#include <string_view>
#include <vector>

#include "eval/lexer.h"

namespace caption::eval {

/// What becomes of the text that a rule takes.
enum class PtbAction {
  keep,            ///< a token as it is
  word,            ///< without soft hyphens
  left_quote,      ///< quotation marks become ` and ``
  right_quote,     ///< they become ' and ''
  ampersand,       ///< "&amp;" becomes "&"
  one_piece,       ///< its spaces become no-break spaces
  round_brackets,  ///< ( and ) become -LRB- and -RRB-
  phone,           ///< both of these
  less,            ///< "<"
  greater,         ///< ">"
  open_round,      ///< -LRB- and so on
  close_round,
  open_square,
  close_square,
  open_curly,
  close_curly,
  dash,          ///< "--"
  hyphens,       ///< three or four of them are a dash
  ellipsis,      ///< "..."
  fraction,      ///< the most usual ones in ASCII
  currency,      ///< likewise
  split_last_2,  ///< the last two characters are a token of their own
  split_last_3,
  initial,  ///< a letter that ends a sentence with its full stop; a longer acronym keeps it
  drop,     ///< no token
};

struct PtbRule {
  PtbAction action;
  std::string_view pattern;
  std::string_view then = {};
};

/// How the PTBTokenizer of Stanford's CoreNLP 3.4.1 divides English, which caption metrics are defined by.
/// All strings give the same tokens, as comparing its automaton with ours has shown, but for rules that
/// differ in full stops alone, which no metric sees.
const std::vector<PtbRule>& ptb_rules();

/// The names that these patterns use.
PatternCompiler ptb_names();

}  // namespace caption::eval
