#include "cli/score/command.h"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/counted.h"
#include "base/log.h"
#include "base/printable.h"
#include "caption/captioner.h"
#include "caption/error.h"
#include "cli/locate_model.h"
#include "cli/score/text.h"
#include "cli/signals.h"
#include "cli/single_image.h"
#include "embeddings/similarity.h"
#include "files/output.h"
#include "inputs/read_input.h"

namespace caption::cli {
namespace {

/// CLIP's opinion of the texts, if the model has its text side.
void add_similarities(Captioner& captioner, const Picture& picture, const std::vector<std::string>& texts,
                      std::vector<TextScore>& scores) {
  if (!captioner.embeds_texts()) return;
  const Embeddings image = captioner.embed({&picture, 1});
  const TextEmbeddings found = captioner.embed_texts(texts);
  const auto width = static_cast<std::size_t>(found.embeddings.width);
  for (std::size_t i = 0; i < scores.size(); ++i)
    scores[i].similarity = cosine(image.values, std::span(found.embeddings.values).subspan(i * width, width));
  for (const std::size_t i : found.cut) scores[i].cut = true;
  std::vector<std::string> cut;
  for (const std::size_t i : found.cut) cut.push_back(texts[i]);
  if (!cut.empty()) {
    log::warning(counted(cut.size(), "text is", "texts are") +
                 " longer than what CLIP takes, so that the similarity is of the beginning: " + few_of(cut));
  }
}

}  // namespace

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
    std::vector<TextScore> scores;
    for (ScoredText& scored : captioner->score(picture, config.texts))
      scores.push_back({std::move(scored), {}, false});
    add_similarities(*captioner, picture, config.texts, scores);
    Output().write(config.json ? scores_json(config.image, captioner->name(), scores)
                               : scores_table(scores, config.tokens));
  } catch (const Error& error) {
    if (!concerns_one_image(error.kind())) throw;
    log::error(printable(config.image + ": " + error.what()));
    return ExitStatus::some_failed;
  }
  return ExitStatus::success;
}

}  // namespace caption::cli
