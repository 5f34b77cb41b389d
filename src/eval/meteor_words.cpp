#include "eval/meteor_words.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>

#include "base/utf8.h"
#include "eval/lower_case.h"
#include "eval/utf16.h"

namespace caption::eval {
namespace {

using Class = bool (*)(char16_t);

bool is_alpha(char16_t c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == 0x178 || (c >= 0xC0 && c <= 0xD6) ||
         (c >= 0xD8 && c <= 0xF6) || (c >= 0xF8 && c <= 0x17E) || (c >= 0x400 && c <= 0x527) ||
         (c >= 0xA640 && c <= 0xA66E) || (c >= 0xA67E && c <= 0xA697) || (c >= 0x1D00 && c <= 0x1D7F);
}

bool is_digit(char16_t c) {
  return c >= '0' && c <= '9';
}

bool is_alnum(char16_t c) {
  return is_alpha(c) || is_digit(c);
}

bool is_alnum_or_dot(char16_t c) {
  return is_alnum(c) || c == '.';
}

bool is_ascii_space(char16_t c) {
  return c == ' ' || (c >= 0x9 && c <= 0xD);
}

bool is_white(char16_t c) {
  return c == ' ' || c == 0xA0 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool not_alpha(char16_t c) {
  return !is_alpha(c);
}

bool not_alnum(char16_t c) {
  return !is_alnum(c);
}

bool not_digit(char16_t c) {
  return !is_digit(c);
}

bool is_s(char16_t c) {
  return c == 's';
}

/// A sign between two characters, and what stands there afterwards.
struct Between {
  Class left;
  char16_t sign;
  Class right;
  std::u16string_view by;
};

/// From left to right; a character that was the right one is no left one.
std::u16string replace_between(const std::u16string& text, const Between& rule) {
  std::u16string result;
  for (std::size_t i = 0; i < text.size();) {
    if (i + 2 < text.size() && text[i + 1] == rule.sign && rule.left(text[i]) && rule.right(text[i + 2])) {
      result += text[i];
      result += rule.by;
      result += text[i + 2];
      i += 3;
    } else {
      result += text[i++];
    }
  }
  return result;
}

/// Signs, and two or more full stops, stand alone.
std::u16string with_signs_apart(std::u16string_view text) {
  std::u16string result;
  for (std::size_t i = 0; i < text.size();) {
    const char16_t c = text[i];
    std::size_t dots = 0;
    while (i + dots < text.size() && text[i + dots] == '.') ++dots;
    if (dots > 1) {
      result.append(u" ").append(dots, u'.').append(u" ");
      i += dots;
      continue;
    }
    const bool joins = is_alnum(c) || is_ascii_space(c) ||
                       std::u16string_view(u".'`,-\u2018\u2019").find(c) != std::u16string_view::npos;
    const bool pair = c >= 0xD800 && c < 0xDC00 && i + 1 < text.size();
    if (joins) {
      result += c;
    } else {
      result.append(u" ").append(text.substr(i, pair ? 2 : 1)).append(u" ");
    }
    i += pair ? 2 : 1;
  }
  return result;
}

std::u16string normalized(std::u16string_view line) {
  static constexpr std::array<Between, 3> kCommas = {{{not_digit, ',', not_digit, u" , "},
                                                      {is_digit, ',', not_digit, u" , "},
                                                      {not_digit, ',', is_digit, u" , "}}};
  static constexpr Between kHyphen = {is_alnum_or_dot, '-', is_alnum, u" "};
  static constexpr std::array<Between, 5> kApostrophes = {{{not_alpha, '\'', not_alpha, u" ' "},
                                                           {not_alnum, '\'', is_alpha, u" ' "},
                                                           {is_alpha, '\'', not_alpha, u" ' "},
                                                           {is_alpha, '\'', is_alpha, u" '"},
                                                           {is_digit, '\'', is_s, u" '"}}};
  std::u16string text = with_signs_apart(u" " + std::u16string(line) + u" ");
  for (const Between& rule : kCommas) text = replace_between(text, rule);
  for (const std::u16string_view quote : {u"`", u"\u2018", u"\u2019"}) replace_all(text, quote, u"'");
  for (const std::u16string_view quote : {u"\u201C", u"\u201D", u"''"}) replace_all(text, quote, u" \" ");
  replace_all(text, u"\u2013", u"-");
  replace_all(text, u"--", u"-");
  text = replace_between(text, kHyphen);
  for (const Between& rule : kApostrophes) text = replace_between(text, rule);
  return text;
}

std::vector<std::u16string> split(const std::u16string& text, Class space) {
  std::vector<std::u16string> words;
  for (auto at = text.begin(); at != text.end();) {
    const auto begin = std::find_if_not(at, text.end(), space);
    at = std::find_if(begin, text.end(), space);
    if (begin != at) words.emplace_back(begin, at);
  }
  return words;
}

/// A word that ends in a full stop, with that taken off or not, as it may end a sentence.
std::u16string with_full_stop(const std::u16string& word, const std::u16string* next) {
  static constexpr std::array<std::u16string_view, 5> kAbbreviations = {u"v", u"vs", u"i.e", u"rev", u"e.g"};
  std::u16string stem = word.substr(0, word.size() - 1);
  if (stem.find(u'.') != std::u16string::npos && std::any_of(stem.begin(), stem.end(), is_alpha)) {
    stem.erase(std::remove(stem.begin(), stem.end(), u'.'), stem.end());
    return stem;
  }
  const bool abbreviation =
      std::find(kAbbreviations.begin(), kAbbreviations.end(), stem) != kAbbreviations.end();
  const char16_t behind = next == nullptr ? u' ' : next->front();
  if (abbreviation || (behind >= 'a' && behind <= 'z') || (stem == u"pp" && is_digit(behind))) return word;
  return stem + u" .";
}

}  // namespace

std::vector<std::string> meteor_words(std::string_view text) {
  const std::vector<std::u16string> pieces = split(normalized(to_utf16(text)), is_ascii_space);
  std::u16string line;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const std::u16string& piece = pieces[i];
    const bool dots = piece.find_first_not_of(u'.') == std::u16string::npos;
    const bool stop = piece.size() > 1 && piece.back() == '.' && !dots;
    line += stop ? with_full_stop(piece, i + 1 < pieces.size() ? &pieces[i + 1] : nullptr) : piece;
    line += u' ';
  }
  std::vector<std::string> words;
  for (const std::u16string& word : split(lower_case(line), is_white)) words.push_back(to_utf8(word));
  return words;
}

bool is_function_word(std::string_view word) {
  static constexpr std::array<std::string_view, 93> kWords = {
      "\"",    "$",     "'",     "'s",    "'t",     "(",     ")",     ",",    "-",     "--",    "-lrb-",
      "-rrb-", ".",     ":",     "?",     "a",      "about", "after", "all",  "also",  "an",    "and",
      "are",   "as",    "at",    "be",    "been",   "but",   "by",    "can",  "could", "first", "for",
      "from",  "had",   "has",   "have",  "he",     "her",   "his",   "i",    "if",    "in",    "into",
      "is",    "it",    "its",   "last",  "more",   "new",   "no",    "not",  "of",    "on",    "one",
      "or",    "other", "out",   "over",  "people", "s",     "said",  "she",  "so",    "some",  "than",
      "that",  "the",   "their", "there", "they",   "this",  "time",  "to",   "two",   "up",    "was",
      "we",    "were",  "what",  "when",  "which",  "who",   "will",  "with", "would", "year",  "years",
      "you",   "—",     "’",     "“",     "”"};
  return std::binary_search(kWords.begin(), kWords.end(), word);
}

}  // namespace caption::eval
