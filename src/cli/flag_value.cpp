#include "cli/flag_value.h"

#include <algorithm>
#include <array>

#include "cli/suggestions.h"

namespace caption::cli {
namespace {

/// "a, b or c"
std::string list(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  }
  return text;
}

}  // namespace

std::string to_text(double value) {
  std::array<char, 512> buffer{};  // fixed notation of any double
  const auto written =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed);
  return {buffer.data(), written.ptr};
}

std::string with_words(const std::string& help, const std::vector<std::string>& words,
                       const std::string& initial) {
  return help + " [" + list(words) + (initial.empty() ? "" : "; default " + initial) + "]";
}

std::size_t to_choice(const std::string& names, const std::vector<std::string>& words,
                      const std::string& text) {
  const auto found = std::find(words.begin(), words.end(), text);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  throw CLI::ValidationError(names,
                             "needs " + list(words) + ", not '" + text + "'" + did_you_mean(text, words));
}

void require_name(const std::string& names, const std::string& text) {
  if (text.empty()) throw CLI::ValidationError(names, "needs a name, which cannot be empty");
  if (text.size() > 1 && text.front() == '-') {
    throw CLI::ValidationError(names, "needs a name, not '" + text + "' (write ./" + text + " if it is one)");
  }
}

}  // namespace caption::cli
