#include "explain/explain.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "caption/error.h"
#include "decode/teacher_forcing.h"
#include "explain/occlusion.h"
#include "text/words.h"

namespace caption {
namespace {

void require(std::string_view name, int value, int low, int high) {
  if (value >= low && value <= high) return;
  throw Error(ErrorKind::usage, std::string(name) + " is " + std::to_string(value) + ": it must be in [" +
                                    std::to_string(low) + ", " + std::to_string(high) + "]");
}

void validate(const ExplainOptions& options) {
  require("the number of alternatives", options.alternatives, 0, kMostAlternatives);
  require("the grid", options.grid, 0, kHighestGrid);
  require("the batch", options.batch, 1, kMostVersions);
}

TokenChoice choice(const Tokenizer& tokenizer, const Candidate& candidate) {
  return {candidate.token, readable(tokenizer.piece(candidate.token).bytes), candidate.log_probability};
}

/// Each token's distribution in the picture as it is.
std::vector<ExplainedToken> explain_tokens(StepFunction& model, std::span<const std::int32_t> tokens,
                                           double temperature, const Tokenizer& tokenizer, int alternatives) {
  std::vector<ExplainedToken> explained;
  std::vector<Candidate> likeliest;
  const auto most = static_cast<std::size_t>(alternatives);
  teacher_force(model, 1, tokens, temperature, [&](std::size_t, std::size_t position, const NextToken& next) {
    const std::int32_t id = tokens[position];
    ExplainedToken& token = explained.emplace_back();
    token.chosen = choice(tokenizer, {id, next.log_probability(id)});
    token.rank = static_cast<std::int64_t>(next.rank(id));
    next.top_k(most + 1, likeliest);  // one of them may be the chosen one
    for (const Candidate& candidate : likeliest) {
      if (candidate.token != id && token.alternatives.size() < most)
        token.alternatives.push_back(choice(tokenizer, candidate));
    }
  });
  return explained;
}

std::vector<ExplainedWord> explain_words(const std::vector<ExplainedToken>& tokens,
                                         const Tokenizer& tokenizer) {
  std::vector<Piece> pieces;
  pieces.reserve(tokens.size());
  for (const ExplainedToken& token : tokens) pieces.push_back(tokenizer.piece(token.chosen.id));
  std::vector<ExplainedWord> words;
  for (Word& word : split_words(pieces)) {
    ExplainedWord& explained = words.emplace_back();
    explained.text = std::move(word.text);
    explained.first_token = word.first;
    explained.token_count = word.count;
    for (std::size_t i = word.first; i < word.first + word.count; ++i)
      explained.logprob += tokens[i].chosen.logprob;
  }
  return words;
}

/// Log-probabilities of the words in some versions of the picture -> [versions][words]
std::vector<std::vector<double>> score_words(StepFunction& model, const Explanation& explanation,
                                             double temperature, std::size_t versions) {
  std::vector<std::size_t> word_of;
  for (std::size_t w = 0; w < explanation.words.size(); ++w)
    word_of.insert(word_of.end(), explanation.words[w].token_count, w);
  std::vector<std::vector<double>> scores(versions, std::vector<double>(explanation.words.size()));
  const std::vector<std::int32_t>& tokens = explanation.caption.tokens;
  teacher_force(model, versions, tokens, temperature,
                [&](std::size_t row, std::size_t position, const NextToken& next) {
                  scores.at(row)[word_of[position]] += next.log_probability(tokens[position]);
                });
  return scores;
}

}  // namespace

Explanation explain_caption(Explained explained, const Tokenizer& tokenizer, const ModelStart& start,
                            const ExplainOptions& options) {
  validate(options);
  const OcclusionGrid grid = make_occlusion_grid(options.grid, explained.image.resolution);
  Explanation result;
  result.caption = std::move(explained.caption);
  result.grid = grid.cells;
  result.resolution = grid.resolution;
  result.stretched = explained.image.fit == Fit::stretch;
  result.window = grid.window;
  result.tokens = explain_tokens(*start({&explained.image, 1}), result.caption.tokens, explained.temperature,
                                 tokenizer, options.alternatives);
  result.words = explain_words(result.tokens, tokenizer);
  result.caption.score = 0;
  for (const ExplainedToken& token : result.tokens) result.caption.score += token.chosen.logprob;
  result.caption.mean_logprob = result.caption.score / static_cast<double>(result.tokens.size());

  const int cells = grid.cells * grid.cells;
  for (int first = 0; first < cells; first += options.batch) {
    std::vector<Pixels> versions;  // each with another part hidden
    for (int cell = first; cell < std::min(first + options.batch, cells); ++cell) {
      versions.push_back(hide(explained.image, grid.square(cell / grid.cells, cell % grid.cells)));
    }
    const auto scores = score_words(*start(versions), result, explained.temperature, versions.size());
    for (const std::vector<double>& hidden : scores) {
      for (std::size_t w = 0; w < hidden.size(); ++w) {
        result.words[w].heat.push_back(result.words[w].logprob - hidden[w]);
      }
    }
  }
  return result;
}

}  // namespace caption
