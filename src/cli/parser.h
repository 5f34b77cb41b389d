#pragma once

#include <CLI/CLI.hpp>
#include <charconv>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "cli/suggestions.h"

namespace caption::cli {

/// A parser with our layout of the help page, in which the last of a repeated option counts. `usage`: the
/// lines after "Usage:", each with its line end.
std::unique_ptr<CLI::App> make_app(const std::string& description, const std::string& usage);

/// Runs CLI11. Throws Error(usage) for whatever is wrong; returns the help text if it was asked for.
/// `command` ("caption", "caption models import") is what messages point to.
std::optional<std::string> parse(CLI::App& app, const std::string& command,
                                 std::vector<std::string> arguments);

/// After `parse`, if `app` allows extras: the arguments that are no options, among them all after "--".
/// (CLI11's own list of positional arguments would take a name like "[a,b]" apart.) Throws Error(usage) for
/// an unknown option.
std::vector<std::string> other_arguments(const CLI::App& app, const std::string& command);

/// Which numbers an option takes.
template <typename T>
struct Range {
  T low;
  T high;
  bool above_low = false;  ///< low itself is not allowed
};

namespace detail {
std::string to_text(double value);

template <std::integral T>
std::string to_text(T value) {
  return std::to_string(value);
}

template <typename T>
std::string describe(const Range<T>& range) {
  return range.above_low ? "above " + to_text(range.low) + ", at most " + to_text(range.high)
                         : "from " + to_text(range.low) + " to " + to_text(range.high);
}
}  // namespace detail

/// Adds an option that takes a number in `range`; `target` holds the default, and help shows both.
template <typename T>
CLI::Option* add_number(CLI::App& app, const std::string& names, T& target, const Range<T>& range,
                        const std::string& description) {
  const auto set = [&target, range, name = names](const std::string& text) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool number = error == std::errc() && end == text.data() + text.size();
    // Written so that NaN fails.
    const bool inside = value <= range.high && (range.above_low ? value > range.low : value >= range.low);
    if (!number || !inside) {
      throw CLI::ValidationError(name, std::string("needs a ") + (std::is_integral_v<T> ? "whole " : "") +
                                           "number " + detail::describe(range) + ", not '" + text + "'");
    }
    target = value;
  };
  return app
      .add_option_function<std::string>(
          names, set,
          description + " [" + detail::describe(range) + "; default " + detail::to_text(target) + "]")
      ->type_name(std::is_integral_v<T> ? "N" : "X");
}

/// Adds an option that takes one of a few words.
template <typename T>
CLI::Option* add_choice(CLI::App& app, const std::string& names, T& target, const std::string& type,
                        const std::vector<std::pair<std::string, T>>& choices,
                        const std::string& description) {
  std::vector<std::string> words;
  std::string list;
  std::string initial;
  for (const auto& [word, value] : choices) {
    list += (words.empty() ? "" : words.size() + 1 == choices.size() ? " or " : ", ") + word;
    words.push_back(word);
    if (value == target) initial = word;
  }
  const auto set = [&target, choices, words, list, name = names](const std::string& text) {
    for (const auto& [word, value] : choices) {
      if (word == text) {
        target = value;
        return;
      }
    }
    throw CLI::ValidationError(name, "needs " + list + ", not '" + text + "'" + did_you_mean(text, words));
  };
  return app
      .add_option_function<std::string>(
          names, set, description + " [" + list + (initial.empty() ? "" : "; default " + initial) + "]")
      ->type_name(type);
}

/// Adds an option that takes the name of a file, a folder or a model. A name that begins with '-' is taken
/// for a forgotten value, "-" alone excepted.
template <typename T>
CLI::Option* add_name(CLI::App& app, const std::string& names, T& target, const std::string& type,
                      const std::string& description) {
  const auto set = [&target, name = names](const std::string& text) {
    if (text.empty()) throw CLI::ValidationError(name, "needs a name, which cannot be empty");
    if (text.size() > 1 && text.front() == '-') {
      throw CLI::ValidationError(name,
                                 "needs a name, not '" + text + "' (write ./" + text + " if it is one)");
    }
    target = text;
  };
  return app.add_option_function<std::string>(names, set, description)->type_name(type);
}

}  // namespace caption::cli
