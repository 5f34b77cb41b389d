#include "cli/help.h"

#include <sstream>
#include <utility>

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

}  // namespace

HelpFormatter::HelpFormatter(std::string usage) : usage_(std::move(usage)) {}

std::string HelpFormatter::make_help(const CLI::App* app, std::string /*name*/,
                                     CLI::AppFormatMode /*mode*/) const {
  std::string page = app->get_description() + "\n\nUsage:\n" + usage_;
  for (const std::string& group : app->get_groups()) {
    page += "\n" + group + ":\n";
    for (const CLI::Option* option : app->get_options()) {
      if (option->get_group() == group) page += make_option(option, option->get_positional());
    }
  }
  if (!app->get_footer().empty()) page += "\n" + app->get_footer();
  return page;
}

std::string HelpFormatter::make_option(const CLI::Option* option, bool is_positional) const {
  std::string left = "      ";
  if (is_positional) {
    left = "  " + option->get_name(true, false) + (option->get_expected_max() > 1 ? "..." : "");
  } else {
    if (!option->get_snames().empty()) left = "  -" + option->get_snames().front() + ", ";
    left += "--" + option->get_lnames().front();
    if (option->get_type_size() != 0) left += " " + option->get_type_name();
  }
  const bool fits = left.size() + 2 <= kColumn;
  const std::string gap = fits ? std::string(kColumn - left.size(), ' ') : "\n" + std::string(kColumn, ' ');
  return left + gap + wrapped(option->get_description()) + "\n";
}

}  // namespace caption::cli
