#include "cli/explain/text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "base/printable.h"
#include "cli/table.h"

namespace caption::cli {
namespace {

constexpr double kNextToNothing = 0.05;  ///< a twentieth less likely

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

std::string shown_word(const ExplainedWord& word) {
  return word.text.empty() ? "(end)" : printable(word.text);
}

std::string shown_token(const TokenChoice& token, bool first) {
  const std::size_t begin = token.text.find_first_not_of(' ');
  if (begin == std::string::npos) return "(space)";
  const std::string text = printable(token.text.substr(begin));
  const auto lead = static_cast<unsigned char>(text.front());
  const bool goes_on = begin == 0 && !first && (std::isalnum(lead) != 0 || lead >= 0x80);
  return (goes_on ? "+" : "") + text;
}

std::string percentage(double logprob) {
  const double percent = 100 * std::exp(logprob);
  if (percent < 0.01) return "<0.01%";
  return format(percent < 1 ? "%.2f%%" : "%.1f%%", percent);
}

Peak find_peak(const ExplainedWord& word, int grid) {
  const auto peak = std::max_element(word.heat.begin(), word.heat.end());
  if (peak == word.heat.end() || *peak < kNextToNothing) return {};
  const auto cell = static_cast<int>(peak - word.heat.begin());
  // The picture in thirds, by the middle of the cell.
  const auto third = [&](int index) { return std::min((2 * index + 1) * 3 / (2 * grid), 2); };
  static constexpr std::array<const char*, 3> kRows = {"top", "", "bottom"};
  static constexpr std::array<const char*, 3> kLines = {"left", "", "right"};
  const std::string row = kRows[static_cast<std::size_t>(third(cell / grid))];
  const std::string column = kLines[static_cast<std::size_t>(third(cell % grid))];
  std::string place = row;
  if (!row.empty() && !column.empty()) place += ' ';
  place += column;
  return {*peak, place.empty() ? "middle" : place};
}

}  // namespace caption::cli
