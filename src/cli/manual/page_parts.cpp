#include "cli/manual/page_parts.h"

#include <algorithm>
#include <cstddef>

namespace caption::cli {

std::string words_of(const HelpPage& page) {
  const std::size_t blank = page.manual.command.find(' ');
  return blank == std::string::npos ? "" : page.manual.command.substr(blank + 1);
}

std::vector<Subcommand> subcommands(const std::vector<HelpPage>& pages, const std::string& words) {
  const std::string before = words.empty() ? "" : words + " ";
  std::vector<Subcommand> found;
  for (const HelpPage& page : pages) {
    const std::string all = words_of(page);
    if (!all.starts_with(before) || all.size() == before.size()) continue;
    const std::string word = all.substr(before.size());
    if (word.find(' ') == std::string::npos) found.push_back({word, page.manual.description});
  }
  return found;
}

std::string summary(const HelpOption& option) {
  std::string text = option.help;
  // The range and the default.
  if (text.ends_with(']')) text = text.substr(0, text.rfind(" ["));
  for (const char* stop : {". ", "; ", ": "}) text = text.substr(0, text.find(stop));
  return text;
}

std::string joined(const std::vector<std::string>& words, const std::string& separator) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : separator) + word;
  return text;
}

std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

}  // namespace caption::cli
