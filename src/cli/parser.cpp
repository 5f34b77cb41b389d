#include "cli/parser.h"

#include <algorithm>
#include <array>

#include "base/printable.h"
#include "caption/error.h"
#include "cli/help.h"

namespace caption::cli {
namespace detail {

std::string to_text(double value) {
  std::array<char, 512> buffer{};  // fixed notation of any double
  const auto written =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed);
  return {buffer.data(), written.ptr};
}

}  // namespace detail

namespace {

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

/// CLI11 takes the next argument for the value of "--name=".
void reject_empty_values(const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    if (argument == "--") return;
    if (argument.starts_with("--") && argument.ends_with('=')) {
      throw CLI::ValidationError(argument.substr(0, argument.size() - 1), "needs a value after '='");
    }
  }
}

[[noreturn]] void fail(const std::string& command, const std::string& problem) {
  throw Error(ErrorKind::usage, printable(problem) + "; see '" + command + " --help'");
}

bool looks_like_option(const std::string& argument) {
  return argument.size() > 1 && argument.front() == '-';
}

std::string unknown_option(const CLI::App& app, const std::string& argument) {
  return "unknown option '" + argument + "'" +
         did_you_mean(argument.substr(0, argument.find('=')), option_names(app));
}

/// What CLI11 left over: unknown options, or one argument too many.
std::string describe_leftover(const CLI::App& app) {
  for (const std::string& argument : app.remaining()) {
    if (looks_like_option(argument)) return unknown_option(app, argument);
  }
  return "unexpected argument '" + app.remaining().at(0) + "'";
}

}  // namespace

std::unique_ptr<CLI::App> make_app(const std::string& description, const std::string& usage) {
  auto app = std::make_unique<CLI::App>(description);
  app->formatter(std::make_shared<HelpFormatter>(usage));
  app->option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  return app;
}

std::optional<std::string> parse(CLI::App& app, const std::string& command,
                                 std::vector<std::string> arguments) {
  std::string problem;
  // Added last, so that it stands at the end of the page.
  app.set_help_flag("-h,--help", "Show this page and exit")->group("Other");
  try {
    reject_empty_values(arguments);
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants it
    app.parse(std::move(arguments));
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    return app.help(command);
  } catch (const CLI::ExtrasError&) {
    problem = describe_leftover(app);
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string what = error.what();
    problem = what.substr(0, what.find(':')) + " needs a value";
  } catch (const CLI::ParseError& error) {
    problem = error.what();
  }
  fail(command, problem);
}

std::vector<std::string> other_arguments(const CLI::App& app, const std::string& command) {
  std::vector<std::string> names;
  bool options_ended = false;
  for (const std::string& argument : app.remaining()) {
    if (!options_ended && argument == "--") {
      options_ended = true;
    } else if (!options_ended && looks_like_option(argument)) {
      fail(command, unknown_option(app, argument));
    } else {
      names.push_back(argument);
    }
  }
  return names;
}

}  // namespace caption::cli
