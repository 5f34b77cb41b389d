#include "cli/parser.h"

#include <algorithm>
#include <array>

#include "caption/error.h"
#include "cli/help.h"
#include "cli/printable.h"

namespace caption::cli {
namespace detail {
namespace {

template <typename... Format>
std::string number_text(Format... value) {
  std::array<char, 64> buffer{};
  return {buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), value...).ptr};
}

}  // namespace

std::string to_text(double value) {
  return number_text(value);
}
std::string to_text(std::int64_t value) {
  return number_text(value);
}
std::string to_text(std::uint64_t value) {
  return number_text(value);
}
std::string to_text(int value) {
  return number_text(value);
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

/// What CLI11 left over: unknown options, or one argument too many.
std::string describe_leftover(const CLI::App& app) {
  const std::vector<std::string> rest = app.remaining();
  if (rest.empty()) return "an argument was not expected";
  const std::string& first = rest.front();
  if (first.size() < 2 || first.front() != '-') return "unexpected argument '" + first + "'";
  return "unknown option '" + first + "'" + did_you_mean(first.substr(0, first.find('=')), option_names(app));
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
  throw Error(ErrorKind::usage, printable(problem) + "; see '" + command + " --help'");
}

}  // namespace caption::cli
