#include "pipeline/word_forms.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

#include "base/ascii_space.h"
#include "caption/error.h"

namespace caption {
namespace {

using Tokens = std::vector<std::int32_t>;

std::string without_space_at_its_end(std::string text) {
  text.erase(text.find_last_not_of(kAsciiSpace) + 1);
  return text;
}

std::string without_space_around(const std::string& text) {
  return without_space_at_its_end(text.substr(std::min(text.find_first_not_of(kAsciiSpace), text.size())));
}

bool is_small(char c) {
  return c >= 'a' && c <= 'z';
}

char small(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string with_large_first_letter(std::string word) {
  if (!word.empty() && is_small(word[0])) word[0] = static_cast<char>(word[0] - 'a' + 'A');
  return word;
}

std::shared_ptr<const BannedSequences> banned_of(const std::vector<std::string>& texts,
                                                 const Tokenizer& tokenizer,
                                                 std::span<const std::int32_t> stop) {
  const auto ends = [&](const Tokens& tokens) {
    return tokens.size() == 1 && std::find(stop.begin(), stop.end(), tokens[0]) != stop.end();
  };
  std::set<Tokens> sequences;
  for (const std::string& text : texts) {
    const std::string word = without_space_around(text);
    if (ends(tokenizer.encode(word))) {
      throw Error(ErrorKind::usage, "'" + word +
                                        "' is what ends this model's captions: they could not end if it were "
                                        "banned");
    }
    for (const std::string& form : letter_cases(word)) {
      for (const char* const before : {"", " "}) {
        Tokens tokens = tokenizer.encode(before + form);
        if (!tokens.empty() && !ends(tokens)) sequences.insert(std::move(tokens));
      }
    }
  }
  if (sequences.empty()) return nullptr;
  return std::make_shared<const BannedSequences>(std::vector<Tokens>(sequences.begin(), sequences.end()));
}

RequiredWord required_of(const std::string& text, const Tokenizer& tokenizer) {
  std::set<Tokens> anywhere;
  std::set<Tokens> at_start;
  for (const std::string& form : letter_cases(without_space_around(text))) {
    anywhere.insert(tokenizer.encode(" " + form));
    at_start.insert(tokenizer.encode(form));
  }
  for (const Tokens& tokens : anywhere) at_start.erase(tokens);  // where texts begin as behind a space
  return {{anywhere.begin(), anywhere.end()}, {at_start.begin(), at_start.end()}};
}

/// The tokens that go on with a word: they begin with a letter, a number, or a byte of another character.
std::shared_ptr<const std::vector<std::int32_t>> joined_of(const Tokenizer& tokenizer) {
  std::vector<std::int32_t> joined;
  for (std::int32_t token = 0; token < tokenizer.size(); ++token) {
    const Piece piece = tokenizer.piece(token);
    if (piece.special || piece.bytes.empty()) continue;
    const auto first = static_cast<unsigned char>(piece.bytes[0]);
    if (first >= 0x80 || std::isalnum(first) != 0) joined.push_back(token);
  }
  return std::make_shared<const std::vector<std::int32_t>>(std::move(joined));
}

}  // namespace

std::vector<std::string> letter_cases(const std::string& word) {
  std::string in_small = word;
  std::transform(word.begin(), word.end(), in_small.begin(), small);
  const std::set<std::string> cases = {word, in_small, with_large_first_letter(word),
                                       with_large_first_letter(in_small)};
  return {cases.begin(), cases.end()};
}

Wording wording_of(const DecodeOptions& options, const Tokenizer& tokenizer,
                   std::span<const std::int32_t> stop) {
  Wording wording;
  const std::string prompt = without_space_at_its_end(options.prompt);
  if (!prompt.empty()) wording.prompt = tokenizer.encode(prompt);
  wording.banned = banned_of(options.banned, tokenizer, stop);
  for (const std::string& word : options.required) wording.required.push_back(required_of(word, tokenizer));
  if (!wording.required.empty()) wording.joined = joined_of(tokenizer);
  return wording;
}

}  // namespace caption
