#include "cli/version.h"

#include "cli/model_terms.h"
#include "files/output.h"
#include "pipeline/versions.h"

namespace caption::cli {

std::string program_version() {
  return "caption " CAPTION_VERSION " (commit " CAPTION_COMMIT ")";
}

std::string program_date() {
  return CAPTION_DATE;
}

ExitStatus run(const PrintVersion& request) {
  std::string text = program_version() + '\n';
  if (request.verbose) text += library_versions();
  if (text.back() != '\n') text += '\n';
  if (request.verbose) text += terms_of_own_models();
  Output().write(text);
  return ExitStatus::success;
}

}  // namespace caption::cli
