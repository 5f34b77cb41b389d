#include <exception>
#include <new>
#include <string>
#include <variant>
#include <vector>

#include "caption/error.h"
#include "cli/bench/command.h"
#include "cli/caption/command.h"
#include "cli/doctor/command.h"
#include "cli/explain/command.h"
#include "cli/models/command.h"
#include "cli/options.h"
#include "files/output.h"
#include "cli/process.h"
#include "base/log.h"

namespace caption::cli {
namespace {

ExitStatus run(const PrintHelp& help) {
  Output().write(help.text);
  return ExitStatus::success;
}

ExitStatus run(const PrintVersion& version) {
  Output().write(version_text(version));
  return ExitStatus::success;
}

ExitStatus run_program(const std::vector<std::string>& arguments) {
  try {
    return std::visit([](const auto& command) { return run(command); }, parse_command_line(arguments));
  } catch (const ClosedPipe&) {
    return ExitStatus::success;
  } catch (const Error& error) {
    log::error(error.what());
    return exit_status(error.kind());
  } catch (const std::bad_alloc&) {
    log::error("out of memory; a smaller --batch or --beam needs less");
  } catch (const std::exception& error) {
    log::error(std::string("a defect of this program: ") + error.what());
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
