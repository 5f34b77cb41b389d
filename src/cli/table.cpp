#include "cli/table.h"

#include <algorithm>
#include <cstddef>

namespace caption::cli {
namespace {

/// Columns that a terminal needs, nearly: one for each character.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

std::string aligned(const std::vector<Column>& columns, std::vector<std::vector<std::string>> lines) {
  std::vector<std::string> head;
  head.reserve(columns.size());
  for (const Column& column : columns) head.push_back(column.name);
  lines.insert(lines.begin(), head);
  std::vector<std::size_t> widths(columns.size());
  for (const std::vector<std::string>& line : lines) {
    for (std::size_t c = 0; c < columns.size(); ++c) widths[c] = std::max(widths[c], width_of(line.at(c)));
  }
  std::string text;
  for (const std::vector<std::string>& line : lines) {
    std::string row;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const std::string gap(widths[c] - width_of(line[c]), ' ');
      if (c > 0) row += "  ";
      row.append(columns[c].right ? gap + line[c] : line[c] + gap);
    }
    row.erase(row.find_last_not_of(' ') + 1);
    text += row + '\n';
  }
  return text;
}

}  // namespace caption::cli
