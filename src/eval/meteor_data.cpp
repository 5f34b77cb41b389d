#include "eval/meteor_data.h"

#include <libstemmer.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <string_view>
#include <utility>

#include "caption/error.h"
#include "eval/archives.h"
#include "eval/meteor_words.h"

namespace caption::eval {
namespace {

constexpr const char* kArchive = "meteor-1.5.jar";
constexpr const char* kParaphrases = "data/paraphrase-en.gz";

std::vector<std::string_view> split(std::string_view text, std::string_view spaces) {
  std::vector<std::string_view> parts;
  for (std::size_t at = text.find_first_not_of(spaces); at != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(spaces, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(spaces, end);
  }
  return parts;
}

std::vector<std::uint32_t> stems_of(const std::vector<std::string>& words) {
  const std::unique_ptr<sb_stemmer, void (*)(sb_stemmer*)> stemmer(sb_stemmer_new("english", "UTF_8"),
                                                                   sb_stemmer_delete);
  if (!stemmer) throw Error(ErrorKind::internal, "the Snowball library has no stemmer for English");
  std::unordered_map<std::string, std::uint32_t> numbers;
  std::vector<std::uint32_t> stems;
  for (const std::string& word : words) {
    const auto* const stem = sb_stemmer_stem(stemmer.get(), reinterpret_cast<const sb_symbol*>(word.data()),
                                             static_cast<int>(word.size()));
    if (stem == nullptr) throw Error(ErrorKind::internal, "out of memory for a stem");
    const std::string text(reinterpret_cast<const char*>(stem),
                           static_cast<std::size_t>(sb_stemmer_length(stemmer.get())));
    stems.push_back(numbers.emplace(text, static_cast<std::uint32_t>(numbers.size())).first->second);
  }
  return stems;
}

/// METEOR's extract of WordNet.
class Synonyms {
 public:
  explicit Synonyms(const std::filesystem::path& archive)
      : bases_(read_zip_member(archive, "synonym/english.exceptions")),
        sets_(read_zip_member(archive, "synonym/english.synsets")) {
    // Two lines each: a base form, and the irregular forms of it; a word, and the sets that it is in.
    pairs(bases_, [&](std::string_view base, std::string_view forms) {
      for (const std::string_view form : split(forms, " \t")) bases_of_[form].push_back(base);
    });
    pairs(sets_, [&](std::string_view word, std::string_view sets) { sets_of_[word] = sets; });
  }

  /// The sets that the word or one of its base forms is in, ascending.
  std::vector<std::int32_t> of(const std::string& word) const {
    std::vector<std::int32_t> sets;
    add(word, sets);
    if (const auto found = bases_of_.find(word); found != bases_of_.end()) {
      for (const std::string_view base : found->second) add(base, sets);
    } else {
      add(base_form(word), sets);
    }
    std::sort(sets.begin(), sets.end());
    sets.erase(std::unique(sets.begin(), sets.end()), sets.end());
    return sets;
  }

 private:
  template <typename Take>
  static void pairs(std::string_view text, const Take& take) {
    while (!text.empty()) {
      const std::size_t first = std::min(text.find('\n'), text.size());
      const std::size_t second =
          first < text.size() ? std::min(text.find('\n', first + 1), text.size()) : first;
      if (first < second) take(text.substr(0, first), text.substr(first + 1, second - first - 1));
      text.remove_prefix(std::min(second + 1, text.size()));
    }
  }

  void add(std::string_view word, std::vector<std::int32_t>& sets) const {
    const auto found = sets_of_.find(word);
    if (found == sets_of_.end()) return;
    for (const std::string_view text : split(found->second, " \t")) {
      std::int32_t set = 0;
      std::from_chars(text.data(), text.data() + text.size(), set);
      sets.push_back(set);
    }
  }

  /// A form without its ending, if that is a word; empty if none is.
  std::string base_form(const std::string& word) const {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 20> kEndings = {
        {{"s", ""},      {"ses", "s"},   {"xes", "x"}, {"zes", "z"}, {"ches", "ch"},
         {"shes", "sh"}, {"men", "man"}, {"ies", "y"}, {"s", ""},    {"ies", "y"},
         {"es", "e"},    {"es", ""},     {"ed", "e"},  {"ed", ""},   {"ing", "e"},
         {"ing", ""},    {"er", ""},     {"est", ""},  {"er", "e"},  {"est", "e"}}};
    if (word.ends_with("ss") || word.size() <= 2) return word;
    for (const auto& [ending, by] : kEndings) {
      if (!word.ends_with(ending)) continue;
      std::string base = word.substr(0, word.size() - ending.size()).append(by);
      if (sets_of_.contains(base)) return word.ends_with("ful") ? base + "ful" : base;
    }
    return {};
  }

  std::string bases_;
  std::string sets_;
  std::unordered_map<std::string_view, std::vector<std::string_view>> bases_of_;
  std::unordered_map<std::string_view, std::string_view> sets_of_;
};

void load_paraphrases(const std::filesystem::path& file, const std::vector<std::string>& words,
                      Paraphrases& paraphrases) {
  std::unordered_map<std::string_view, WordId> numbers;
  for (std::size_t i = 0; i < words.size(); ++i) numbers.emplace(words[i], static_cast<WordId>(i));
  // False if a word is not in the vocabulary: the phrase can never match.
  const auto translate = [&](std::string_view line, std::vector<WordId>& phrase) {
    phrase.clear();
    for (std::size_t at = 0; at < line.size();) {
      const std::size_t end = std::min(line.find(' ', at), line.size());
      if (end > at) {
        const auto found = numbers.find(line.substr(at, end - at));
        if (found == numbers.end()) return false;
        phrase.push_back(found->second);
      }
      at = end + 1;
    }
    return !phrase.empty();
  };
  std::vector<WordId> phrase;
  std::vector<WordId> other;
  bool known = false;
  int line_of_three = 0;  // a probability, a phrase, another one
  read_gzip_lines(file, [&](std::string_view line) {
    if (line_of_three == 1) known = translate(line, phrase);
    if (line_of_three == 2 && known && translate(line, other)) paraphrases.add(phrase, other);
    line_of_three = (line_of_three + 1) % 3;
  });
}

}  // namespace

void Paraphrases::add(std::span<const WordId> phrase, std::vector<WordId> other) {
  std::uint32_t node = 0;
  for (const WordId word : phrase) {
    const std::uint64_t key = std::uint64_t{node} << 32U | word;
    const auto added = next_.emplace(key, static_cast<std::uint32_t>(others_.size()));
    if (added.second) others_.emplace_back();
    node = added.first->second;
  }
  others_[node].push_back(std::move(other));
}

void Paraphrases::find(std::span<const WordId> words, std::size_t at, std::vector<Found>& found) const {
  found.clear();
  std::uint32_t node = 0;
  for (std::size_t i = at; i < words.size(); ++i) {
    const auto next = next_.find(std::uint64_t{node} << 32U | words[i]);
    if (next == next_.end()) return;
    node = next->second;
    for (const std::vector<WordId>& other : others_[node]) found.push_back({i + 1 - at, &other});
  }
}

MeteorData load_meteor_data(const std::vector<std::string>& words,
                            const std::optional<std::filesystem::path>& folder) {
  MeteorData data;
  data.stems = stems_of(words);
  for (const std::string& word : words) data.function_words.push_back(is_function_word(word));
  data.synsets.resize(words.size());
  if (!folder) return data;
  std::error_code ignored;
  for (const char* const needed : {kArchive, kParaphrases}) {
    if (std::filesystem::is_regular_file(*folder / needed, ignored)) continue;
    throw Error(ErrorKind::usage,
                "no METEOR data in '" + folder->string() + "': there is no " + needed +
                    " in it; give the folder 'meteor' of the Python package pycocoevalcap",
                *folder);
  }
  const Synonyms synonyms(*folder / kArchive);
  for (std::size_t i = 0; i < words.size(); ++i) data.synsets[i] = synonyms.of(words[i]);
  load_paraphrases(*folder / kParaphrases, words, data.paraphrases);
  return data;
}

}  // namespace caption::eval
