#include "eval/ptb_tokenizer.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "eval/lower_case.h"
#include "eval/ptb_rules.h"
#include "eval/utf16.h"

namespace caption::eval {
namespace {

std::vector<LexerRule> lexer_rules() {
  std::vector<LexerRule> rules;
  for (const PtbRule& rule : ptb_rules()) rules.push_back({rule.pattern, rule.then});
  return rules;
}

std::u16string with_quotes(std::u16string text, bool left) {
  replace_all(text, u"&apos;", u"'");
  if (left) replace_all(text, u"'", u"`");
  for (const std::u16string_view mark : {u"\"", u"&quot;"}) replace_all(text, mark, left ? u"``" : u"''");
  std::u16string marks;
  for (const char16_t c : text) {
    if (std::u16string_view(u"\u0091\u2018\u201B\u2039").find(c) != std::u16string_view::npos) {
      marks += u"`";
    } else if (std::u16string_view(u"\u0092\u2019\u203A").find(c) != std::u16string_view::npos) {
      marks += u"'";
    } else if (std::u16string_view(u"\u0093\u201C\u00AB").find(c) != std::u16string_view::npos) {
      marks += u"``";
    } else if (std::u16string_view(u"\u0094\u201D\u00BB").find(c) != std::u16string_view::npos) {
      marks += u"''";
    } else {
      marks += c;
    }
  }
  return marks;
}

std::u16string without_soft_hyphens(std::u16string text) {
  text.erase(std::remove(text.begin(), text.end(), u'\u00AD'), text.end());
  return text.empty() ? u"-" : text;
}

std::u16string with_ampersand(std::u16string text) {
  for (std::size_t at = 0; at + 5 <= text.size(); ++at)
    if (lower_case(text.substr(at, 5)) == u"&amp;") text.erase(at + 1, 4);
  return text;
}

std::u16string in_one_piece(std::u16string text) {
  std::replace(text.begin(), text.end(), u' ', u'\u00A0');
  return text;
}

std::u16string with_round_brackets(std::u16string text) {
  replace_all(text, u"(", u"-LRB-");
  replace_all(text, u")", u"-RRB-");
  return text;
}

using Replacements = std::vector<std::pair<std::u16string_view, std::u16string_view>>;

std::u16string replaced(std::u16string text, const Replacements& replacements) {
  for (const auto& [old, by] : replacements) replace_all(text, old, by);
  return text;
}

/// The token that `action` makes of `text`.
std::u16string token_of(PtbAction action, std::u16string text) {
  static const Replacements kFractions = {{u"\u00BC", u"1/4"},
                                          {u"\u00BD", u"1/2"},
                                          {u"\u00BE", u"3/4"},
                                          {u"\u2153", u"1/3"},
                                          {u"\u2154", u"2/3"}};
  static const Replacements kCurrencies = {{u"\u00A2", u"cents"}, {u"\u00A3", u"#"}, {u"\u0080", u"$"},
                                           {u"\u00A4", u"$"},     {u"\u20A0", u"$"}, {u"\u20AC", u"$"}};
  switch (action) {
    case PtbAction::word:
      return without_soft_hyphens(std::move(text));
    case PtbAction::left_quote:
      return with_quotes(std::move(text), true);
    case PtbAction::right_quote:
      return with_quotes(std::move(text), false);
    case PtbAction::ampersand:
      return with_ampersand(std::move(text));
    case PtbAction::one_piece:
      return in_one_piece(std::move(text));
    case PtbAction::round_brackets:
      return with_round_brackets(std::move(text));
    case PtbAction::phone:
      return with_round_brackets(in_one_piece(std::move(text)));
    case PtbAction::less:
      return u"<";
    case PtbAction::greater:
      return u">";
    case PtbAction::open_round:
      return u"-LRB-";
    case PtbAction::close_round:
      return u"-RRB-";
    case PtbAction::open_square:
      return u"-LSB-";
    case PtbAction::close_square:
      return u"-RSB-";
    case PtbAction::open_curly:
      return u"-LCB-";
    case PtbAction::close_curly:
      return u"-RCB-";
    case PtbAction::dash:
      return u"--";
    case PtbAction::hyphens:
      return text.size() == 3 || text.size() == 4 ? u"--" : text;
    case PtbAction::ellipsis:
      return u"...";
    case PtbAction::fraction:
      return replaced(std::move(text), kFractions);
    case PtbAction::currency:
      return replaced(std::move(text), kCurrencies);
    case PtbAction::drop:
      return {};
    case PtbAction::keep:
    case PtbAction::split_last_2:
    case PtbAction::split_last_3:
    case PtbAction::initial:
      break;
  }
  return text;
}

/// How many code units of a match are not the token's, but the next one's.
std::size_t left_over(PtbAction action, std::size_t length) {
  switch (action) {
    case PtbAction::split_last_2:
      return 2;
    case PtbAction::split_last_3:
      return 3;
    case PtbAction::initial:
      return length == 2 ? 1 : 0;
    default:
      return 0;
  }
}

/// As pycocoevalcap lists them; brackets are none, as they are in lower case when it looks.
bool is_punctuation(std::u16string_view token) {
  static constexpr std::array<std::u16string_view, 13> kPunctuation = {
      u"''", u"'", u"``", u"`", u".", u"?", u"!", u",", u":", u"-", u"--", u"...", u";"};
  return std::find(kPunctuation.begin(), kPunctuation.end(), token) != kPunctuation.end();
}

bool is_line_end(char16_t c) {
  return c == '\n' || c == '\r' || c == '\v' || c == '\f' || c == u'\u2028' || c == u'\u2029';
}

std::u16string units_of(std::string_view caption) {
  std::u16string units = to_utf16(caption);
  std::replace_if(units.begin(), units.end(), is_line_end, u' ');
  return units;
}

}  // namespace

PtbTokenizer::PtbTokenizer() : lexer_(ptb_names(), lexer_rules()) {}

std::vector<std::string> PtbTokenizer::tokenize(const std::vector<std::string_view>& captions) {
  constexpr std::size_t kContext = 32;  // more than any rule looks at
  std::vector<std::string> all;
  all.reserve(captions.size());
  for (std::size_t i = 0; i < captions.size(); ++i) {
    const bool last = i + 1 == captions.size();
    all.push_back(tokenize_one(units_of(captions[i]),
                               last ? u"" : u"\n" + units_of(captions[i + 1]).substr(0, kContext)));
  }
  return all;
}

std::string PtbTokenizer::tokenize_one(const std::u16string& caption, const std::u16string& behind) {
  std::u16string text = caption + behind;
  std::u16string tokens;
  for (std::size_t at = 0; at < caption.size();) {
    Lexer::Match match = lexer_.longest(text, at);
    if (at + match.length > caption.size()) {  // no token goes on in the next caption
      text = caption + u"\n";
      match = lexer_.longest(text, at);
    }
    const PtbAction action = ptb_rules()[match.rule].action;
    const std::size_t length = match.length - left_over(action, match.length);
    const std::u16string token = lower_case(token_of(action, text.substr(at, length)));
    at += length;
    if (token.empty() || is_punctuation(token)) continue;
    if (!tokens.empty()) tokens += u' ';
    tokens += token;
  }
  return to_utf8(tokens);
}

}  // namespace caption::eval
