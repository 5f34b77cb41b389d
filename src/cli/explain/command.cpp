#include "cli/explain/command.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/printable.h"
#include "caption/error.h"
#include "cli/explain/text.h"
#include "cli/locate_model.h"
#include "cli/model_terms.h"
#include "cli/output_guard.h"
#include "cli/signals.h"
#include "cli/single_image.h"
#include "cli/version.h"
#include "files/output.h"
#include "image/drawings.h"
#include "inputs/read_input.h"
#include "pages/explain_page.h"

namespace caption::cli {
namespace {

namespace fs = std::filesystem;

void write_file(Output& output, std::string_view bytes) {
  output.clear();
  output.write(bytes);
  output.close();
}

void write_file(Output& output, const std::vector<std::byte>& bytes) {
  write_file(output, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace

ExitStatus run(const ExplainConfig& config) {
  if (config.quiet) log::set_level(log::Level::quiet);
  check_single_image(config.image, "caption explain");
  guard_outputs({{"--html", config.html}, {"--png", config.png}}, {.names = {config.image}});
  const fs::path folder = config.model.empty() ? locate_default_model() : locate_model(config.model);
  try {
    const std::vector<std::byte> file =
        read_input({config.image, config.image, config.image == "-"}, interrupted);
    // Opened before the model is loaded, so that a wrong name costs no time, but not yet emptied.
    std::optional<Output> html;
    if (config.html) html.emplace(*config.html);
    std::optional<Output> png;
    if (config.png) png.emplace(*config.png);
    // Static, because `leave` then spares us giving back a model's memory page by page.
    static const std::unique_ptr<Captioner> captioner = load_captioner(folder, config.model_options);

    const Picture picture = captioner->prepare(file, config.image_options);
    const Explanation explanation = captioner->explain(picture, config.decode, config.explanation);
    const ExplainedImage explained = {config.image, captioner->name(), explanation};
    if (html) {
      const ExplanationPictures pictures = {
          encode_square_of(file, config.image_options, ExplanationPictures::kSquare,
                           explanation.stretched ? Fit::stretch : Fit::crop),
          draw_heat_map};
      const ModelTerms terms = read_model_terms(folder);
      write_file(*html,
                 explanation_page(explained, pictures, {program_version(), terms.origin, terms.license}));
    }
    if (png) write_file(*png, draw_contact_sheet(file, config.image_options, explanation));
    Output().write(config.json ? explanation_json(explained) : explanation_table(explained));
  } catch (const Error& error) {
    if (!concerns_one_image(error.kind())) throw;
    log::error(printable(config.image + ": " + error.what()));
    return ExitStatus::some_failed;
  }
  return ExitStatus::success;
}

}  // namespace caption::cli
