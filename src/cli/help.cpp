#include "cli/help.h"

#include <cstddef>
#include <sstream>

namespace caption::cli {
namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kColumn = 26;  ///< where the descriptions start

/// `text` in lines that end before kWidth, all but the first indented to kColumn.
std::string wrapped(const std::string& text) {
  std::istringstream words(text);
  std::string result;
  std::size_t column = kColumn;
  for (std::string word; words >> word;) {
    if (column > kColumn) {
      const bool fits = column + 1 + word.size() <= kWidth;
      result += fits ? " " : "\n" + std::string(kColumn, ' ');
      column = fits ? column + 1 : kColumn;
    }
    result += word;
    column += word.size();
  }
  return result;
}

std::string lines_of(const HelpOption& option) {
  std::string left = "  ";
  if (option.is_argument()) {
    left += option.type;
  } else {
    left += option.short_name.empty() ? "    " : "-" + option.short_name + ", ";
    left += "--" + option.long_name;
    if (!option.type.empty()) left += " " + option.type;
  }
  const bool fits = left.size() + 2 <= kColumn;
  const std::string gap = fits ? std::string(kColumn - left.size(), ' ') : "\n" + std::string(kColumn, ' ');
  return left + gap + wrapped(option.help) + "\n";
}

}  // namespace

std::string HelpPage::text() const {
  std::string page = manual.command + " - " + manual.description + "\n\nUsage:\n" + manual.usage;
  for (const HelpGroup& group : groups) {
    page += "\n" + group.heading + ":\n";
    for (const HelpOption& option : group.options) page += lines_of(option);
  }
  if (!manual.footer.empty()) page += "\n" + manual.footer;
  return page;
}

}  // namespace caption::cli
