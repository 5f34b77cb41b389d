#include "cli/eval/command.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/counted.h"
#include "base/log.h"
#include "caption/error.h"
#include "cli/eval/clip_scores.h"
#include "cli/eval/evaluation.h"
#include "cli/eval/pairs.h"
#include "cli/output_guard.h"
#include "datasets/annotations.h"
#include "files/output.h"

namespace caption::cli {
namespace {

std::vector<AnnotatedImage> read_references(const EvalConfig& config, const std::filesystem::path& file) {
  std::vector<AnnotatedImage> images = read_annotations(file, CaptionFields::all);
  if (config.split.empty()) return images;
  std::vector<AnnotatedImage> chosen;
  std::vector<std::string> splits;
  for (AnnotatedImage& image : images) {
    if (std::find(splits.begin(), splits.end(), image.split) == splits.end()) splits.push_back(image.split);
    if (image.split == config.split) chosen.push_back(std::move(image));
  }
  if (!chosen.empty()) return chosen;
  std::string known;
  for (const std::string& split : splits)
    if (!split.empty()) known += (known.empty() ? "" : ", ") + split;
  throw Error(ErrorKind::usage, "no references of the split '" + config.split + "' in '" + file.string() +
                                    "': " + (known.empty() ? "they name none" : "they have " + known));
}

void say_what_is_left_out(const EvalConfig& config, const Pairs& pairs) {
  if (!pairs.without_references.empty()) {
    log::warning(
        counted(pairs.without_references.size(), "captioned picture has", "captioned pictures have") +
        " no references, and " + (pairs.without_references.size() == 1 ? "is" : "are") +
        " left out: " + few_of(pairs.without_references));
  }
  if (pairs.failed > 0)
    log::warning(counted(pairs.failed, "record has no caption, and is", "records have no caption, and are") +
                 " left out");
  if (pairs.not_captioned > 0)
    log::info(counted(pairs.not_captioned, "picture of the references is", "pictures of the references are") +
              " not captioned, and left out");
  if (pairs.empty > 0)
    log::warning(counted(pairs.empty, "caption is empty: its", "captions are empty: their") +
                 " values are 0");
  if (!config.meteor_data)
    log::info("METEOR knows equal words and equal stems alone: --meteor-data adds synonyms and paraphrases");
  if (!config.cider_corpus && pairs.images.size() == 1)
    log::warning(
        "CIDEr and CIDEr-D are 0 for a single picture: words count by how few pictures have them; give other "
        "references by --cider-corpus");
}

EvaluatedFile evaluate(const std::vector<eval::Captions>& captions, const eval::MetricOptions& options,
                       const ClipScores* clip, const eval::Resampling& resampling) {
  EvaluatedFile file;
  file.pictures = eval::measure(captions, options);
  for (std::size_t i = 0; clip != nullptr && i < file.pictures.size(); ++i) {
    file.pictures[i].clip_score = clip->clip_score[i];
    file.pictures[i].ref_clip_score = clip->ref_clip_score[i];
  }
  file.metrics = eval::metrics(eval::sum(file.pictures));
  file.intervals = eval::bootstrap(file.pictures, resampling);
  return file;
}

Evaluation evaluate(const EvalConfig& config, Pairs pairs) {
  eval::MetricOptions options;
  options.meteor_data = config.meteor_data;
  if (config.cider_corpus) {
    for (AnnotatedImage& image : read_references(config, *config.cider_corpus))
      if (!image.captions.empty()) options.corpus.push_back(std::move(image.captions));
  }
  Evaluation evaluation;
  std::vector<ClipScores> clip;
  if (config.clip_model) {
    clip = clip_scores(config, pairs);
    evaluation.metrics = eval::kMetrics;
  }
  evaluation.first = evaluate(pairs.captions, options, clip.empty() ? nullptr : &clip[0], config.resampling);
  if (config.compare) {
    std::vector<eval::Captions> others = pairs.captions;
    for (std::size_t i = 0; i < others.size(); ++i) others[i].candidate = pairs.others[i];
    evaluation.second = evaluate(others, options, clip.empty() ? nullptr : &clip[1], config.resampling);
    evaluation.differences =
        eval::compare(evaluation.first.pictures, evaluation.second->pictures, config.resampling);
  }
  evaluation.pairs = std::move(pairs);
  return evaluation;
}

void write_file(Output& output, const std::string& bytes) {
  output.clear();
  output.write(bytes);
  output.close();
}

}  // namespace

ExitStatus run(const EvalConfig& config) {
  if (config.quiet) log::set_level(log::Level::quiet);
  std::vector<std::string> inputs = {config.captions.string(), config.references.string()};
  if (config.compare) inputs.push_back(config.compare->string());
  if (config.cider_corpus) inputs.push_back(config.cider_corpus->string());
  guard_outputs({{"--per-image", config.per_image}, {"--html", config.html}}, {.names = inputs});
  const std::vector<AnnotatedImage> references = read_references(config, config.references);
  const std::vector<AnnotatedImage> captions = read_annotations(config.captions, CaptionFields::best);
  std::optional<std::vector<AnnotatedImage>> others;
  if (config.compare) others = read_annotations(*config.compare, CaptionFields::best);
  Pairs pairs = pair_up(references, captions, others ? &*others : nullptr);
  say_what_is_left_out(config, pairs);
  // Opened before the work, so that a wrong name costs no time, but not yet emptied.
  std::optional<Output> per_image;
  if (config.per_image) per_image.emplace(*config.per_image);
  std::optional<Output> html;
  if (config.html) html.emplace(*config.html);

  const Evaluation evaluation = evaluate(config, std::move(pairs));
  if (per_image) {
    std::string lines;
    for (std::size_t i = 0; i < evaluation.pairs.images.size(); ++i) lines += image_json(evaluation, i);
    write_file(*per_image, lines);
  }
  if (html) write_file(*html, evaluation_html(config, evaluation));
  Output().write(config.json ? evaluation_json(config, evaluation) : evaluation_table(config, evaluation));
  const bool complete = evaluation.pairs.without_references.empty() && evaluation.pairs.failed == 0;
  return complete ? ExitStatus::success : ExitStatus::some_failed;
}

}  // namespace caption::cli
