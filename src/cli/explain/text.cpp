#include "cli/explain/text.h"

#include <cstddef>
#include <utility>
#include <vector>

#include "base/printable.h"
#include "cli/table.h"

namespace caption::cli {
namespace {

constexpr std::size_t kColumns = 7;
using Line = std::vector<std::string>;

Line token_line(const ExplainedToken& token, bool first) {
  Line line(kColumns);
  line[1] = shown_token(token.chosen, first);
  line[2] = percentage(token.chosen.logprob);
  line[3] = format("%.3f", token.chosen.logprob);
  line[4] = std::to_string(token.rank);
  for (const TokenChoice& other : token.alternatives) {
    if (!line[6].empty()) line[6] += ", ";
    line[6].append(shown_token(other, first)).append(" ").append(percentage(other.logprob));
  }
  return line;
}

}  // namespace

std::string explanation_table(const ExplainedImage& explained) {
  const Explanation& explanation = explained.explanation;
  std::vector<Line> lines;
  for (const ExplainedWord& word : explanation.words) {
    for (std::size_t i = word.first_token; i < word.first_token + word.token_count; ++i) {
      lines.push_back(token_line(explanation.tokens[i], i == 0));
      if (i != word.first_token) continue;
      lines.back()[0] = shown_word(word);
      const Peak peak = find_peak(word, explanation.grid);
      lines.back()[5] = peak.place.empty() ? "-" : format("%.2f ", peak.drop) + peak.place;
    }
  }
  const Caption& caption = explanation.caption;
  std::string text = single_line(caption.text) + "\n";
  text += format("score %.3f, mean %.3f per token, ", caption.score, caption.mean_logprob);
  text.append("model ").append(explained.model).append("; ");
  text += format("%d x %d squares of %d pixels hidden in a picture of %d\n\n", explanation.grid,
                 explanation.grid, explanation.window, explanation.resolution);
  return text +
         aligned(
             {{"word"}, {"token"}, {"prob", true}, {"logprob", true}, {"rank", true}, {"place"}, {"instead"}},
             std::move(lines));
}

}  // namespace caption::cli
