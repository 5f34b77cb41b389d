#include "cli/parser.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

#include "base/printable.h"
#include "caption/error.h"
#include "cli/suggestions.h"

namespace caption::cli {
namespace {

constexpr std::string_view kProgram = "caption";

/// CLI11 takes the next argument for the value of "--name=".
void reject_empty_values(const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    if (argument == "--") return;
    if (argument.starts_with("--") && argument.ends_with('=')) {
      throw CLI::ValidationError(argument.substr(0, argument.size() - 1), "needs a value after '='");
    }
  }
}

bool looks_like_option(const std::string& argument) {
  return argument.size() > 1 && argument.front() == '-';
}

}  // namespace

Parser::Parser(Manual manual) : manual_(std::move(manual)) {
  app_.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

void Parser::add_argument(const std::string& heading, const std::string& name, std::string& target,
                          const std::string& help, const Completion& completion) {
  app_.add_option(name, target, help)->group(heading);
  completions_[name] = completion;
}

void Parser::take_settings() {
  for (const Rules& rules : rules_) settable_.push_back(rules.option);
  const Flags<Configuration> flags = {
      name(
          "--config", &Configuration::file, "FILE",
          "Read settings from FILE [default $CAPTION_CONFIG, else caption/config.toml in $XDG_CONFIG_HOME or "
          "~/.config]"),
      on("--no-config", &Configuration::none, "Read no configuration file")
          .excludes({"--config"}, "--no-config does not go with --config"),
  };
  add("Other", flags, configuration_);
}

std::optional<HelpPage> Parser::parse(std::vector<std::string> arguments) {
  std::string problem;
  // Added last, so that it stands at the end of the page.
  app_.set_help_flag("-h,--help", "Show this page and exit")->group("Other");
  try {
    reject_empty_values(arguments);
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants it
    app_.parse(std::move(arguments));
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    return page();
  } catch (const CLI::ExtrasError&) {
    problem = describe_leftover();
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string what = error.what();
    problem = what.substr(0, what.find(':')) + " needs a value";
  } catch (const CLI::ParseError& error) {
    problem = error.what();
  }
  fail(problem);
}

void Parser::check() {
  if (!settable_.empty()) {
    apply(environment_settings(settable_));
    const std::string command = manual_.command.substr(std::min(manual_.command.size(), kProgram.size() + 1));
    if (const auto file = configuration_.none ? std::nullopt : configuration(configuration_.file))
      apply(file_settings(*file, command, settable_));
  }
  for (const Problem Rules::*kind : {&Rules::misplaced, &Rules::missing, &Rules::wrong}) {
    for (const Rules& rules : rules_) {
      const std::string problem = (rules.*kind)();
      if (problem.empty()) continue;
      const auto source = sources_.find(rules.option);
      fail(problem +
           (source == sources_.end() ? "" : " (" + rules.option + " is from " + source->second + ")"));
    }
  }
}

/// CLI11's own list of positional arguments would take a name like "[a,b]" apart.
std::vector<std::string> Parser::inputs() const {
  std::vector<std::string> names;
  bool options_ended = false;
  for (const std::string& argument : app_.remaining()) {
    if (!options_ended && argument == "--") {
      options_ended = true;
    } else if (!options_ended && looks_like_option(argument)) {
      fail(unknown_option(argument));
    } else {
      names.push_back(argument);
    }
  }
  return names;
}

/// One layer of settings, below those that are there: they set what is not yet set, and only where that makes
/// sense beside the others.
void Parser::apply(const Settings& settings) {
  std::vector<std::string> added;
  for (const Setting& setting : settings) {
    CLI::Option& option = *app_.get_option(setting.option);
    if (option.count() > 0 || sources_.contains(setting.option)) continue;
    sources_[setting.option] = setting.source;
    option.add_result(values_of(setting, option));
    added.push_back(setting.option);
  }
  for (std::size_t before = 0; before != added.size();) {
    before = added.size();
    for (auto option = added.begin(); option != added.end();) {
      const bool dropped = is_out_of_place(*option);
      if (dropped) app_.get_option(*option)->clear();
      option = dropped ? added.erase(option) : option + 1;
    }
  }
  for (const std::string& option : added) {
    try {
      app_.get_option(option)->run_callback();
    } catch (const CLI::ParseError& error) {
      fail(sources_[option] + ": " + error.what());
    }
  }
}

/// As CLI11 takes them.
std::vector<std::string> Parser::values_of(const Setting& setting, const CLI::Option& option) const {
  const std::string& value = setting.values.front();
  if (setting.values.size() > 1 && option.get_multi_option_policy() != CLI::MultiOptionPolicy::TakeAll)
    fail(setting.source + ": " + setting.option + " takes one value");
  if (option.get_expected_max() != 0) return setting.values;
  for (const char* yes : {"true", "1", "yes", "on"})
    if (value == yes) return {"true"};
  for (const char* no : {"false", "0", "no", "off"})
    if (value == no) return {"false"};
  const std::vector<std::string>& words = completions_.at(setting.option).words;
  if (std::find(words.begin(), words.end(), value) != words.end()) return {value};
  fail(setting.source + ": " + setting.option + ": needs true or false, not '" + value + "'");
}

/// Whether it makes no sense beside the others, or they make none beside it.
bool Parser::is_out_of_place(const std::string& option) const {
  return std::any_of(rules_.begin(), rules_.end(), [&](const Rules& rules) {
    if (rules.option == option) return !rules.misplaced().empty();
    return is_given(app_, rules.option) &&
           std::find(rules.excluded.begin(), rules.excluded.end(), option) != rules.excluded.end();
  });
}

void Parser::require(bool condition, const std::string& problem) const {
  if (!condition) fail(problem);
}

void Parser::fail(const std::string& problem) const {
  throw Error(ErrorKind::usage, printable(problem) + "; see '" + manual_.command + " --help'");
}

std::string Parser::unknown_option(const std::string& argument) const {
  std::vector<std::string> known;
  for (const CLI::Option* option : app_.get_options()) {
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  }
  return "unknown option '" + argument + "'" + did_you_mean(argument.substr(0, argument.find('=')), known);
}

/// What CLI11 left over: unknown options, or one argument too many.
std::string Parser::describe_leftover() const {
  for (const std::string& argument : app_.remaining()) {
    if (looks_like_option(argument)) return unknown_option(argument);
  }
  return "unexpected argument '" + app_.remaining().at(0) + "'";
}

HelpPage Parser::page() const {
  HelpPage page{manual_, {}, app_.get_allow_extras()};
  for (const std::string& heading : app_.get_groups()) {
    HelpGroup& group = page.groups.emplace_back(HelpGroup{heading, {}});
    for (const CLI::Option* option : app_.get_options()) {
      if (option->get_group() != heading) continue;
      HelpOption& shown = group.options.emplace_back();
      if (!option->get_snames().empty()) shown.short_name = option->get_snames().front();
      if (!option->get_lnames().empty()) shown.long_name = option->get_lnames().front();
      if (shown.is_argument()) {
        shown.type = option->get_name(true, false);
      } else if (option->get_type_size() != 0) {
        shown.type = option->get_type_name();
      }
      shown.help = option->get_description();
      const auto found = completions_.find(shown.is_argument() ? shown.type : "--" + shown.long_name);
      if (found != completions_.end()) shown.completion = found->second;
    }
  }
  return page;
}

}  // namespace caption::cli
