// The way in: from the arguments to one of the commands, each of which is a folder of src/cli.
#include <algorithm>
#include <exception>
#include <filesystem>
#include <new>
#include <string>
#include <variant>
#include <vector>

#include "base/log.h"
#include "caption/error.h"
#include "cli/bench/command.h"
#include "cli/caption/command.h"
#include "cli/doctor/command.h"
#include "cli/eval/command.h"
#include "cli/explain/command.h"
#include "cli/models/command.h"
#include "cli/process.h"
#include "cli/serve/command.h"
#include "cli/suggestions.h"
#include "cli/train/command.h"
#include "files/output.h"

namespace caption::cli {
namespace {

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
  for (const std::string command : {"explain", "eval", "train", "serve", "bench", "doctor"}) {
    // A third of the letters may be wrong.
    if (arguments.size() == 1 || edit_distance(first, command) > command.size() / 3) continue;
    throw Error(ErrorKind::usage,
                "no file or command '" + first + "' (did you mean 'caption " + command + "'?)");
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
  const auto run_parsed = [](const auto& parsed) {
    return std::visit([](const auto& request) { return run(request); }, parsed);
  };
  const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  if (arguments.front() == "models") return run_parsed(parse_models(rest));
  if (arguments.front() == "explain") return run_parsed(parse_explain(rest));
  if (arguments.front() == "eval") return run_parsed(parse_eval(rest));
  if (arguments.front() == "train") return run_parsed(parse_train(rest));
  if (arguments.front() == "bench") return run_parsed(parse_bench(rest));
  if (arguments.front() == "doctor") return run_parsed(parse_doctor(rest));
  if (arguments.front() == "serve") return run_parsed(parse_serve(rest));
  reject_misspelt_command(arguments);
  return run_parsed(parse_caption(arguments));
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
