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

bool is_given(const CLI::App& app, const std::string& name) {
  const CLI::Option* const option = app.get_option_no_throw(name);
  if (option == nullptr || option->count() == 0) return false;
  return option->get_expected_max() != 0 || option->results().back() != "false";
}

Completion completion_of(const std::string& type) {
  if (type == "FILE") return {Completion::Kind::files, {}};
  if (type == "FOLDER") return {Completion::Kind::folders, {}};
  return {};
}

void require_name(const std::string& names, const std::string& text) {
  if (text.empty()) throw CLI::ValidationError(names, "needs a name, which cannot be empty");
  if (text.size() > 1 && text.front() == '-') {
    throw CLI::ValidationError(names, "needs a name, not '" + text + "' (write ./" + text + " if it is one)");
  }
}

}  // namespace caption::cli
