#include "cli/manual/command.h"

#include <string>

#include "cli/manual/completions.h"
#include "cli/manual/man_page.h"
#include "files/output.h"
#include "files/small_file.h"

namespace caption::cli {

ExitStatus run(const CompletionsConfig& config) {
  const std::vector<HelpPage> pages = config.pages();
  Output output;
  switch (config.shell) {
    case Shell::bash:
      output.write(bash_completions(pages));
      break;
    case Shell::zsh:
      output.write(zsh_completions(pages));
      break;
    case Shell::fish:
      output.write(fish_completions(pages));
      break;
  }
  return ExitStatus::success;
}

ExitStatus run(const ManualConfig& config) {
  const std::vector<HelpPage> pages = config.pages();
  for (const HelpPage& page : pages) {
    if (config.folder) {
      replace_small_file(*config.folder / (man_page_name(page) + ".1"), man_page(page, pages));
    } else if (page.manual.command == config.command) {
      Output().write(man_page(page, pages));
    }
  }
  return ExitStatus::success;
}

}  // namespace caption::cli
