#include "text/words.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/ascii_space.h"
#include "base/utf8.h"

namespace caption {
namespace {

struct CodeRange {
  char32_t first;
  char32_t last;
};

template <std::size_t n>
bool contains(const std::array<CodeRange, n>& ranges, char32_t code) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const CodeRange& range) { return code >= range.first && code <= range.last; });
}

/// ASCII's, quotation marks, dashes and dots of other scripts, and their full-width forms.
bool is_punctuation(char32_t code) {
  static constexpr std::array<CodeRange, 14> kRanges = {{{'!', '/'},
                                                         {':', '@'},
                                                         {'[', '`'},
                                                         {'{', '~'},
                                                         {0xA1, 0xA1},
                                                         {0xAB, 0xAB},
                                                         {0xBB, 0xBB},
                                                         {0xBF, 0xBF},
                                                         {0x964, 0x965},
                                                         {0x2010, 0x2027},
                                                         {0x2030, 0x205E},
                                                         {0x3001, 0x3011},
                                                         {0xFF01, 0xFF0F},
                                                         {0xFF1A, 0xFF20}}};
  return contains(kRanges, code);
}

/// Kana and Han: scripts whose words are written without spaces.
bool stands_alone(char32_t code) {
  static constexpr std::array<CodeRange, 4> kRanges = {
      {{0x3041, 0x30FF}, {0x3400, 0x9FFF}, {0xF900, 0xFAFF}, {0x20000, 0x3FFFF}}};
  return contains(kRanges, code);
}

/// What a token is within the whole text, which alone tells characters that are spread over tokens.
struct Role {
  bool special = false;
  bool spaced = false;  ///< white space stands before what it shows, or it shows nothing
  bool blank = false;   ///< white space only
  bool punctuation = false;
  bool alone = false;  ///< begins with a character that is a word by itself
};

Role role_at(const Piece& piece, std::string_view text, std::size_t begin) {
  Role role;
  role.special = piece.special;
  if (piece.special) return role;
  const std::size_t shown = std::min(piece.bytes.find_first_not_of(kAsciiSpace), piece.bytes.size());
  role.blank = shown == piece.bytes.size();
  role.spaced = shown > 0 || begin == 0 || kAsciiSpace.find(text[begin - 1]) != std::string_view::npos;
  if (role.blank) return role;
  const CodePoint first = code_point_at(text, begin + shown);
  role.alone = first.valid && stands_alone(first.value);
  role.punctuation = true;
  for (std::size_t at = begin + shown; at < begin + piece.bytes.size();) {
    const CodePoint point = code_point_at(text, at);
    const bool space = kAsciiSpace.find(text[at]) != std::string_view::npos;
    role.punctuation = role.punctuation && point.valid && (space || is_punctuation(point.value));
    at += point.bytes;
  }
  return role;
}

std::vector<Role> roles_of(std::span<const Piece> pieces) {
  std::string text;
  for (const Piece& piece : pieces) text += piece.special ? std::string() : piece.bytes;
  std::vector<Role> roles;
  std::size_t begin = 0;
  for (const Piece& piece : pieces) {
    roles.push_back(role_at(piece, text, begin));
    if (!piece.special) begin += piece.bytes.size();
  }
  return roles;
}

/// Appends the words of tokens [begin, end), between which there is no white space.
void split_run(const std::vector<Role>& roles, std::size_t begin, std::size_t end, std::vector<Word>& words) {
  const auto shows_letters = [&](std::size_t i) { return !roles[i].punctuation && !roles[i].blank; };
  std::size_t body = begin;  // the first token that is no punctuation
  while (body < end && !shows_letters(body)) ++body;
  std::size_t tail = end;  // behind the last one
  while (tail > body && !shows_letters(tail - 1)) --tail;
  for (std::size_t i = begin; i < end; ++i) {
    const bool inside = i > body && i < tail && !roles[i].alone;
    // White space that is a token of its own belongs to what follows.
    const bool after_blank = i > begin && roles[i - 1].blank;
    if (i > begin && (inside || after_blank)) {
      ++words.back().count;
    } else {
      words.push_back({{}, i, 1});
    }
  }
}

}  // namespace

std::vector<Word> split_words(std::span<const Piece> pieces) {
  const std::vector<Role> roles = roles_of(pieces);
  std::vector<Word> words;
  for (std::size_t begin = 0; begin < roles.size();) {
    std::size_t end = begin + 1;
    if (roles[begin].special) {
      words.push_back({{}, begin, 1});
    } else {
      while (end < roles.size() && !roles[end].special && (!roles[end].spaced || roles[end - 1].blank)) ++end;
      split_run(roles, begin, end, words);
    }
    begin = end;
  }
  for (Word& word : words) {
    if (pieces[word.first].special) continue;
    std::string bytes;
    for (const Piece& piece : pieces.subspan(word.first, word.count)) bytes += piece.bytes;
    const std::size_t shown = std::min(bytes.find_first_not_of(kAsciiSpace), bytes.size());
    bytes.erase(0, shown);
    bytes.erase(bytes.find_last_not_of(kAsciiSpace) + 1);
    word.text = readable(bytes);
  }
  return words;
}

std::string readable(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string text;
  for (std::size_t at = 0; at < bytes.size();) {
    const CodePoint point = code_point_at(bytes, at);
    for (std::size_t i = at; i < at + point.bytes; ++i) {
      const auto byte = static_cast<unsigned char>(bytes[i]);
      if (point.valid) {
        text += bytes[i];
      } else {
        text.append("<0x").append({kDigits[byte >> 4U], kDigits[byte & 15U]}).append(">");
      }
    }
    at += point.bytes;
  }
  return text;
}

}  // namespace caption
