#include "eval/metrics.h"

#include <algorithm>
#include <future>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "eval/cider.h"
#include "eval/meteor_data.h"
#include "eval/meteor_words.h"
#include "eval/ptb_tokenizer.h"
#include "eval/rouge.h"
#include "eval/sentence.h"
#include "kernels/parallel.h"

namespace caption::eval {
namespace {

/// The tokens of all references, by picture.
std::vector<std::vector<Sentence>> tokenize(const std::vector<const std::vector<std::string>*>& pictures,
                                            PtbTokenizer& tokenizer, Vocabulary& vocabulary) {
  std::vector<std::string_view> texts;
  for (const auto* const captions : pictures) texts.insert(texts.end(), captions->begin(), captions->end());
  std::vector<std::string> tokenized = tokenizer.tokenize(texts);
  std::vector<std::vector<Sentence>> sentences;
  auto text = tokenized.begin();
  for (const auto* const captions : pictures) {
    sentences.emplace_back();
    for (std::size_t i = 0; i < captions->size(); ++i)
      sentences.back().push_back(vocabulary.sentence(std::move(*text++)));
  }
  return sentences;
}

std::vector<Item> make_items(std::span<const Captions> pictures, PtbTokenizer& tokenizer,
                             Vocabulary& vocabulary) {
  std::vector<std::string_view> candidates;
  std::vector<const std::vector<std::string>*> references;
  for (const Captions& picture : pictures) {
    candidates.push_back(picture.candidate);
    references.push_back(&picture.references);
  }
  std::vector<std::string> tokenized = tokenizer.tokenize(candidates);
  std::vector<std::vector<Sentence>> sentences = tokenize(references, tokenizer, vocabulary);
  std::vector<Item> items;
  for (std::size_t i = 0; i < pictures.size(); ++i)
    items.push_back({vocabulary.sentence(std::move(tokenized[i])), std::move(sentences[i])});
  return items;
}

/// Everything that counts sequences of words.
class Sequences {
 public:
  void add_corpus(const std::vector<std::vector<Sentence>>& pictures) {
    for (const std::vector<Sentence>& references : pictures) frequencies_.add(count(references));
  }
  std::vector<NgramCounts> count(const std::vector<Sentence>& sentences) {
    std::vector<NgramCounts> counts;
    for (const Sentence& sentence : sentences) counts.push_back(table_.count(sentence.words));
    return counts;
  }

  void measure(const std::vector<Item>& items, bool own_corpus, std::vector<Measured>& measured) {
    if (own_corpus)
      for (const Item& item : items) frequencies_.add(count(item.references));
    for (std::size_t i = 0; i < items.size(); ++i) {
      const NgramCounts candidate = table_.count(items[i].candidate.words);
      const std::vector<NgramCounts> references = count(items[i].references);
      measured[i].bleu = count_bleu(items[i], candidate, references);
      const CiderScores scores = cider(candidate, references, frequencies_);
      measured[i].cider = scores.cider;
      measured[i].cider_d = scores.cider_d;
    }
  }

 private:
  NgramTable table_;
  DocumentFrequencies frequencies_;
};

/// Rouge, and everything that counts sequences of words.
void measure_sequences(const std::vector<Item>& items, const std::vector<std::vector<Sentence>>& corpus,
                       std::vector<Measured>& measured) {
  for (std::size_t i = 0; i < items.size(); ++i) measured[i].rouge_l = rouge_l(items[i]);
  Sequences sequences;
  sequences.add_corpus(corpus);
  sequences.measure(items, corpus.empty(), measured);
}

/// METEOR's own words of one picture: the candidate's, then those of its references.
std::vector<std::vector<std::string>> meteor_words_of(const Item& item) {
  std::vector<std::vector<std::string>> words = {meteor_words(item.candidate.text)};
  for (const Sentence& reference : item.references) words.push_back(meteor_words(reference.text));
  return words;
}

/// METEOR's own words, and their numbers.
class MeteorVocabulary {
 public:
  std::vector<WordId> ids(std::vector<std::string> words) {
    std::vector<WordId> ids;
    for (std::string& word : words) {
      const auto added = numbers_.emplace(std::move(word), static_cast<WordId>(words_.size()));
      if (added.second) words_.push_back(added.first->first);
      ids.push_back(added.first->second);
    }
    return ids;
  }
  const std::vector<std::string>& words() const { return words_; }

 private:
  std::unordered_map<std::string, WordId> numbers_;
  std::vector<std::string> words_;
};

/// With the reference that gives the highest score. `sentences`: the candidate, then the references.
MeteorStats best_alignment(const std::vector<std::vector<WordId>>& sentences, const MeteorData& data) {
  MeteorStats best;
  double highest = -1;
  for (std::size_t i = 1; i < sentences.size(); ++i) {
    const MeteorStats stats = align(sentences.front(), sentences[i], data);
    const double score = meteor(stats);
    if (score > highest) best = stats;
    highest = std::max(highest, score);
  }
  return best;
}

void measure_meteor(const std::vector<Item>& items, const MetricOptions& options,
                    std::vector<Measured>& measured) {
  std::vector<std::vector<std::vector<std::string>>> words(items.size());
  parallel_for(items.size(), [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) words[i] = meteor_words_of(items[i]);
  });
  MeteorVocabulary vocabulary;
  std::vector<std::vector<std::vector<WordId>>> sentences(items.size());
  for (std::size_t i = 0; i < items.size(); ++i)
    for (std::vector<std::string>& sentence : std::exchange(words[i], {}))
      sentences[i].push_back(vocabulary.ids(std::move(sentence)));
  const MeteorData data = load_meteor_data(vocabulary.words(), options.meteor_data);
  parallel_for(items.size(), [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) measured[i].meteor = best_alignment(sentences[i], data);
  });
}

}  // namespace

void Measured::add(const Measured& other, double times) {
  pictures += times * other.pictures;
  bleu.add(other.bleu, times);
  meteor.add(other.meteor, times);
  rouge_l += times * other.rouge_l;
  cider += times * other.cider;
  cider_d += times * other.cider_d;
  clip_score += times * other.clip_score;
  ref_clip_score += times * other.ref_clip_score;
}

std::vector<Measured> measure(std::span<const Captions> pictures, const MetricOptions& options) {
  PtbTokenizer tokenizer;
  Vocabulary vocabulary;
  const std::vector<Item> items = make_items(pictures, tokenizer, vocabulary);
  std::vector<std::vector<Sentence>> corpus;
  if (!options.corpus.empty()) {
    std::vector<const std::vector<std::string>*> texts;
    for (const std::vector<std::string>& references : options.corpus) texts.push_back(&references);
    corpus = tokenize(texts, tokenizer, vocabulary);
  }
  std::vector<Measured> measured(items.size());
  for (Measured& one : measured) one.pictures = 1;
  std::future<void> sequences =
      std::async(std::launch::async, [&] { measure_sequences(items, corpus, measured); });
  measure_meteor(items, options, measured);
  sequences.get();
  return measured;
}

Metrics metrics(const Measured& measured) {
  if (measured.pictures == 0) return {};
  const std::array<double, kOrders> orders = bleu(measured.bleu);
  return {orders[0],
          orders[1],
          orders[2],
          orders[3],
          meteor(measured.meteor),
          measured.rouge_l / measured.pictures,
          measured.cider / measured.pictures,
          measured.cider_d / measured.pictures,
          measured.clip_score / measured.pictures,
          measured.ref_clip_score / measured.pictures};
}

Measured sum(std::span<const Measured> pictures) {
  Measured all;
  for (const Measured& picture : pictures) all.add(picture);
  return all;
}

}  // namespace caption::eval
