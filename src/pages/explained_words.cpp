#include "pages/explained_words.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstddef>
#include <cstdio>

#include "base/printable.h"

namespace caption {
namespace {

constexpr double kNextToNothing = 0.05;  ///< a twentieth less likely

}  // namespace

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
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), percent < 1 ? "%.2f%%" : "%.1f%%", percent);
  return text.data();
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

}  // namespace caption
