#pragma once

#include <CLI/CLI.hpp>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

#include "cli/help.h"

namespace caption::cli {

// How the texts of options become values, and what help says of these. `names`: the option's,
// "-r,--recursive". What does not fit is a CLI::ValidationError that names the option.

/// Which numbers an option takes.
template <typename T>
struct Range {
  T low;
  T high;
  bool above_low = false;  ///< low itself is not allowed
};

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

/// "HELP [from 1 to 3; default 2]"
template <typename T>
std::string with_range(const std::string& help, const Range<T>& range, const std::string& initial) {
  return help + " [" + describe(range) + "; default " + initial + "]";
}

template <typename T>
T to_number(const std::string& names, const Range<T>& range, const std::string& text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool number = error == std::errc() && end == text.data() + text.size();
  // Written so that NaN fails.
  const bool inside = value <= range.high && (range.above_low ? value > range.low : value >= range.low);
  if (number && inside) return value;
  throw CLI::ValidationError(names, std::string("needs a ") + (std::is_integral_v<T> ? "whole " : "") +
                                        "number " + describe(range) + ", not '" + text + "'");
}

/// "HELP [a, b or c; default a]"; `initial` may be empty.
std::string with_words(const std::string& help, const std::vector<std::string>& words,
                       const std::string& initial);

/// The index of `text` in `words`.
std::size_t to_choice(const std::string& names, const std::vector<std::string>& words,
                      const std::string& text);

/// Whether the option has a value; one without values, that it is not switched off by "--name=false".
bool is_given(const CLI::App& app, const std::string& name);

/// What a shell offers for the name of a FILE or FOLDER.
Completion completion_of(const std::string& type);

void require_name(const std::string& names, const std::string& text);

}  // namespace caption::cli
