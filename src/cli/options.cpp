#include "cli/options.h"

#include <algorithm>
#include <utility>

#include "caption/error.h"
#include "cli/bench/options.h"
#include "cli/caption/options.h"
#include "cli/doctor/options.h"
#include "cli/explain/options.h"
#include "cli/models/options.h"
#include "cli/suggestions.h"

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
  for (const std::string command : {"explain", "bench", "doctor"}) {
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

}  // namespace

Command parse_command_line(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    throw Error(
        ErrorKind::usage,
        "no input: name an image, a folder, or '-' for an image on standard input; see 'caption --help'");
  }
  if (arguments.front() == "models") return parse_models({arguments.begin() + 1, arguments.end()});
  if (arguments.front() == "explain") return parse_explain({arguments.begin() + 1, arguments.end()});
  if (arguments.front() == "bench") return parse_bench({arguments.begin() + 1, arguments.end()});
  if (arguments.front() == "doctor") return parse_doctor({arguments.begin() + 1, arguments.end()});
  reject_misspelt_command(arguments);
  return parse_caption(arguments);
}

}  // namespace caption::cli
