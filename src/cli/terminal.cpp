#include "cli/terminal.h"

#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace caption::cli {
namespace {

bool is_dumb() {
  const char* term = std::getenv("TERM");
  return term == nullptr || std::string_view(term) == "dumb" || *term == '\0';
}

}  // namespace

bool use_color(Color color, const Output& output) {
  if (color != Color::automatic) return color == Color::always;
  // no-color.org: any value that is not empty.
  const char* no_color = std::getenv("NO_COLOR");
  return (no_color == nullptr || *no_color == '\0') && output.is_terminal() && !is_dumb();
}

bool can_show_progress() {
  return isatty(STDERR_FILENO) == 1 && !is_dumb();
}

}  // namespace caption::cli
