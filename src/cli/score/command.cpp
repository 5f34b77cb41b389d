#include "cli/score/command.h"

#include <memory>

#include "base/log.h"
#include "base/printable.h"
#include "caption/captioner.h"
#include "caption/error.h"
#include "cli/locate_model.h"
#include "cli/score/text.h"
#include "cli/signals.h"
#include "cli/single_image.h"
#include "files/output.h"
#include "inputs/read_input.h"

namespace caption::cli {

ExitStatus run(const ScoreConfig& config) {
  if (config.quiet) log::set_level(log::Level::quiet);
  check_single_image(config.image, "caption score");
  const std::filesystem::path folder =
      config.model.empty() ? locate_default_model() : locate_model(config.model);
  try {
    const auto file = read_input({config.image, config.image, config.image == "-"}, interrupted);
    // Static, because `leave` then spares us giving back a model's memory page by page.
    static const std::unique_ptr<Captioner> captioner = load_captioner(folder, config.model_options);
    const Picture picture = captioner->prepare(file, config.image_options);
    const std::vector<ScoredText> scored = captioner->score(picture, config.texts);
    Output().write(config.json ? scores_json(config.image, captioner->name(), scored)
                               : scores_table(scored, config.tokens));
  } catch (const Error& error) {
    if (!concerns_one_image(error.kind())) throw;
    log::error(printable(config.image + ": " + error.what()));
    return ExitStatus::some_failed;
  }
  return ExitStatus::success;
}

}  // namespace caption::cli
