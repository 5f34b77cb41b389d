#include "cli/settings.h"

#include <toml++/toml.h>
#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include "caption/error.h"
#include "cli/flag_value.h"
#include "cli/suggestions.h"

namespace caption::cli {
namespace {

namespace fs = std::filesystem;

/// Those that have a table. `caption` itself has none.
constexpr std::array<std::string_view, 6> kTables = {"explain", "eval", "train", "serve", "bench", "doctor"};

const char* variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr || *value == '\0' ? nullptr : value;
}

/// "CAPTION_MAX_TOKENS" of "--max-tokens"
std::string variable_of(const std::string& option) {
  std::string name = "CAPTION_" + option.substr(2);
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    if (c == '-') return '_';
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return name;
}

std::string place(const fs::path& file, const toml::source_region& region) {
  return file.string() + ":" + std::to_string(region.begin.line);
}

[[noreturn]] void fail(const std::string& place, const std::string& problem) {
  throw Error(ErrorKind::usage, place + ": " + problem);
}

toml::table read(const fs::path& file) {
  try {
    return toml::parse_file(file.string());
  } catch (const toml::parse_error& error) {
    if (error.source().begin.line == 0)
      fail(file.string(), "the configuration cannot be read: " + std::string(error.description()));
    fail(place(file, error.source()), "this is no TOML: " + std::string(error.description()));
  }
}

/// As it would stand on the command line.
std::string text_of(const toml::node& node, const fs::path& file) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return to_text(number->get());
  if (const auto* number = node.as_floating_point()) return to_text(number->get());
  if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
  fail(place(file, node.source()), "this needs a text, a number, true or false");
}

std::vector<std::string> texts_of(const toml::node& node, const fs::path& file) {
  const toml::array* const list = node.as_array();
  if (list == nullptr) return {text_of(node, file)};
  std::vector<std::string> texts;
  for (const toml::node& entry : *list) texts.push_back(text_of(entry, file));
  if (texts.empty()) fail(place(file, node.source()), "the list is empty: remove its line");
  return texts;
}

}  // namespace

Settings environment_settings(const std::vector<std::string>& options) {
  Settings settings;
  for (const std::string& option : options) {
    const std::string name = variable_of(option);
    if (const char* value = variable(name)) settings.push_back({option, {value}, name});
  }
  return settings;
}

Settings file_settings(const fs::path& file, const std::string& command,
                       const std::vector<std::string>& options) {
  const toml::table root = read(file);
  const std::vector<std::string> tables(kTables.begin(), kTables.end());
  Settings settings;
  const auto take = [&](const toml::table& table) {
    for (const auto& [key, node] : table) {
      const std::string word(key.str());
      if (node.is_table()) continue;
      const std::string option = "--" + word;
      if (std::find(options.begin(), options.end(), option) == options.end()) {
        std::vector<std::string> known;
        for (const std::string& name : options) known.push_back(name.substr(2));
        fail(place(file, key.source()), "'caption" + (command.empty() ? "" : " " + command) +
                                            "' has no option '" + word + "'" + did_you_mean(word, known));
      }
      settings.push_back({option, texts_of(node, file), place(file, key.source())});
    }
  };
  for (const auto& [key, node] : root) {
    const std::string word(key.str());
    if (node.is_table() && std::find(tables.begin(), tables.end(), word) == tables.end())
      fail(place(file, key.source()), "no command has the table [" + word + "]" + did_you_mean(word, tables));
  }
  if (command.empty()) {
    take(root);
  } else if (const toml::table* const own = root[command].as_table()) {
    take(*own);
  }
  return settings;
}

std::optional<fs::path> configuration(const std::optional<fs::path>& named) {
  if (named) return named;
  if (const char* const file = variable("CAPTION_CONFIG")) return file;
  const char* folder = variable("XDG_CONFIG_HOME");
  // The XDG base directory specification: a relative path is invalid and is to be ignored.
  if (folder != nullptr && *folder != '/') folder = nullptr;
  const char* const home = variable("HOME");
  if (folder == nullptr && home == nullptr) return std::nullopt;
  const fs::path file =
      (folder != nullptr ? fs::path(folder) : fs::path(home) / ".config") / "caption" / "config.toml";
  std::error_code ignored;
  return fs::exists(file, ignored) ? std::optional(file) : std::nullopt;
}

}  // namespace caption::cli
