#include "cli/parsed.h"

#include "files/output.h"

namespace caption::cli {

ExitStatus run(const PrintHelp& help) {
  Output().write(help.page.text());
  return ExitStatus::success;
}

}  // namespace caption::cli
