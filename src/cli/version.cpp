#include "cli/version.h"

#include "cli/engine_library.h"

namespace caption::cli {

std::string version_text(const PrintVersion& request) {
  std::string text = "caption " CAPTION_VERSION " (commit " CAPTION_COMMIT ")\n";
  if (request.verbose) text += load_engine().versions();
  if (text.back() != '\n') text += '\n';
  return text;
}

}  // namespace caption::cli
