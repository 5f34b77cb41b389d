#include "cli/parser.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/printable.h"
#include "caption/error.h"
#include "cli/help.h"
#include "cli/suggestions.h"

namespace caption::cli {
namespace {

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

Parser::Parser(Manual manual)
    : manual_(std::move(manual)), app_(manual_.command + " - " + manual_.description) {
  app_.formatter(std::make_shared<HelpFormatter>(manual_.usage));
  app_.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app_.footer(manual_.footer);
}

void Parser::add_argument(const std::string& heading, const std::string& name, std::string& target,
                          const std::string& help) {
  app_.add_option(name, target, help)->group(heading);
}

std::optional<std::string> Parser::parse(std::vector<std::string> arguments) {
  std::string problem;
  // Added last, so that it stands at the end of the page.
  app_.set_help_flag("-h,--help", "Show this page and exit")->group("Other");
  try {
    reject_empty_values(arguments);
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants it
    app_.parse(std::move(arguments));
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    return app_.help(manual_.command);
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

void Parser::check() const {
  for (const Problem Rules::*kind : {&Rules::misplaced, &Rules::missing, &Rules::wrong}) {
    for (const Rules& rules : rules_) {
      if (const std::string problem = (rules.*kind)(); !problem.empty()) fail(problem);
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

}  // namespace caption::cli
