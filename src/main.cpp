// The way in: from the arguments to one of the commands, each of which is a folder of src/cli.
#include <algorithm>
#include <exception>
#include <filesystem>
#include <functional>
#include <new>
#include <string>
#include <variant>
#include <vector>

#include "base/log.h"
#include "caption/error.h"
#include "cli/bench/command.h"
#include "cli/caption/command.h"
#include "cli/doctor/command.h"
#include "cli/embed/command.h"
#include "cli/eval/command.h"
#include "cli/explain/command.h"
#include "cli/manual/command.h"
#include "cli/models/command.h"
#include "cli/process.h"
#include "cli/score/command.h"
#include "cli/serve/command.h"
#include "cli/suggestions.h"
#include "cli/train/command.h"
#include "files/output.h"

namespace caption::cli {
namespace {

using Arguments = std::vector<std::string>;

/// What the first argument may be beside an input.
struct Command {
  std::string name;
  std::function<ExitStatus(const Arguments&)> run;
  std::function<HelpPage(const Arguments&)> page;  ///< of a command line that asks for help
};

template <typename Parse>
Command command(const std::string& name, Parse parse) {
  return {name,
          [parse](const Arguments& arguments) {
            return std::visit([](const auto& request) { return run(request); }, parse(arguments));
          },
          [parse](const Arguments& arguments) { return std::get<PrintHelp>(parse(arguments)).page; }};
}

std::vector<HelpPage> all_pages();

const std::vector<Command>& commands() {
  static const std::vector<Command> all = {
      command("explain", parse_explain),
      command("eval", parse_eval),
      command("score", parse_score),
      command("embed", parse_embed),
      command("train", parse_train),
      command("serve", parse_serve),
      command("bench", parse_bench),
      command("doctor", parse_doctor),
      command("models", parse_models),
      command("completions",
              [](const Arguments& arguments) { return parse_completions(arguments, all_pages); }),
      command("manual", [](const Arguments& arguments) { return parse_manual(arguments, all_pages); }),
  };
  return all;
}

std::vector<HelpPage> all_pages() {
  const Arguments help = {"--help"};
  std::vector<HelpPage> pages = {std::get<PrintHelp>(parse_caption(help)).page};
  for (const Command& one : commands()) {
    pages.push_back(one.page(help));
    if (one.name != "models") continue;
    for (const std::string& action : model_actions()) pages.push_back(one.page({action, "--help"}));
  }
  return pages;
}

bool exists(const std::string& name) {
  std::error_code ignored;
  return std::filesystem::exists(name, ignored);
}

/// Throws if the first argument is no file, but looks like a command: `caption model list`, `caption help`.
void reject_misspelt_command(const std::vector<std::string>& arguments) {
  const std::string& first = arguments.front();
  if (exists(first)) return;
  if (first == "help" || first == "version") {
    throw Error(ErrorKind::usage, "no file '" + first + "' (did you mean '--" + first + "'?)");
  }
  for (const Command& one : commands()) {
    // A third of the letters may be wrong.
    if (one.name == "models" || arguments.size() == 1 || edit_distance(first, one.name) > one.name.size() / 3)
      continue;
    throw Error(ErrorKind::usage,
                "no file or command '" + first + "' (did you mean 'caption " + one.name + "'?)");
  }
  const std::vector<std::string>& actions = model_actions();
  const bool action_follows =
      arguments.size() > 1 && std::find(actions.begin(), actions.end(), arguments[1]) != actions.end();
  if (action_follows && !exists(arguments[1]) && edit_distance(first, "models") <= 2) {
    throw Error(ErrorKind::usage,
                "no file or command '" + first + "' (did you mean 'caption models " + arguments[1] + "'?)");
  }
}

ExitStatus run_command(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    throw Error(
        ErrorKind::usage,
        "no input: name an image, a folder, or '-' for an image on standard input; see 'caption --help'");
  }
  for (const Command& one : commands())
    if (arguments.front() == one.name) return one.run({arguments.begin() + 1, arguments.end()});
  reject_misspelt_command(arguments);
  return command("", parse_caption).run(arguments);
}

ExitStatus run_program(const std::vector<std::string>& arguments) {
  try {
    return run_command(arguments);
  } catch (const ClosedPipe&) {
    return ExitStatus::success;
  } catch (const Error& error) {
    log::error(error.what());
    return exit_status(error.kind());
  } catch (const std::bad_alloc&) {
    log::error("out of memory; a smaller --batch or --beam needs less");
  } catch (const std::exception& error) {
    log::error(std::string("internal error: ") + error.what());
  }
  return ExitStatus::failure;
}

}  // namespace
}  // namespace caption::cli

int main(int argc, char** argv) {
  caption::cli::prepare_process();
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  caption::cli::leave(caption::cli::run_program(arguments));
}
