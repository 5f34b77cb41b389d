#include "cli/train/data.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/counted.h"
#include "base/log.h"
#include "base/progress.h"
#include "caption/error.h"
#include "cli/batch_flags.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "inputs/number_range.h"
#include "records/json.h"

namespace caption::cli {
namespace {

constexpr std::size_t kMostHeldOut = 500;
constexpr std::size_t kFewest = 20;  // pictures of which one is held out

std::vector<CaptionedPicture> find(const TrainConfig& config, const std::vector<AnnotatedImage>& images,
                                   LeftOutData& left_out) {
  FoundPictures found = find_pictures(images, config.images);
  if (!found.missing.empty())
    log::warning(counted(found.missing.size(), "picture is", "pictures are") + " not in '" +
                 config.images.string() + "', and left out: " + few_of(found.missing));
  if (!found.without_captions.empty())
    log::warning(counted(found.without_captions.size(), "picture has no caption, and is",
                         "pictures have no caption, and are") +
                 " left out: " + few_of(found.without_captions));
  if (!found.empty_captions.empty())
    log::warning(counted(found.empty_captions.size(), "empty caption is", "empty captions are") +
                 " left out, of " + few_of(found.empty_captions));
  for (const std::string& name : found.without_captions) left_out.add_without_captions(name);
  for (const std::string& name : found.empty_captions) left_out.add_empty_caption(name);
  for (const std::string& name : found.missing)
    left_out.add_picture(name, ErrorKind::not_found, "not in '" + config.images.string() + "'");
  return std::move(found.pictures);
}

}  // namespace

Division read_training_pictures(const TrainConfig& config, LeftOutData& left_out) {
  std::vector<AnnotatedImage> learnt;
  std::vector<AnnotatedImage> validation;
  for (const std::string& file : expand_range(config.captions.string())) {
    for (AnnotatedImage& image : read_annotations(file, CaptionFields::all)) {
      if (image.split == "val") {
        validation.push_back(std::move(image));
      } else if (image.split != "test") {
        learnt.push_back(std::move(image));
      }
    }
  }
  if (config.validation) validation = read_annotations(*config.validation, CaptionFields::all);
  Division division;
  division.learnt = find(config, learnt, left_out);
  if (!validation.empty() || config.validation) {
    if (config.hold_out)
      throw Error(ErrorKind::usage, "--hold-out: '" + config.captions.string() +
                                        "' says by itself which pictures are for validation");
    division.held_out = find(config, validation, left_out);
  } else {
    const std::size_t usual = std::min(division.learnt.size() / kFewest, kMostHeldOut);
    division = hold_out(std::move(division.learnt), config.hold_out.value_or(usual));
  }
  if (division.learnt.empty())
    throw Error(ErrorKind::usage, "'" + config.captions.string() +
                                      "': no picture is left to learn from; are the "
                                      "pictures in '" +
                                      config.images.string() + "'? --images names their folder");
  if (division.held_out.empty() && config.patience > 0)
    throw Error(ErrorKind::usage,
                "--patience needs pictures that are not learnt: --validation or --hold-out");
  return division;
}

std::unique_ptr<EmbeddingStore> compute_embeddings(const TrainConfig& config,
                                                   const std::filesystem::path& folder,
                                                   const Manifest& manifest, const Division& pictures,
                                                   LeftOutData& left_out) {
  const auto encoder =
      std::find_if(manifest.files.begin(), manifest.files.end(),
                   [&](const Manifest::File& file) { return file.name == manifest.encoder.file; });
  Json image = {manifest.image.resolution, manifest.image.fit,         manifest.image.mean,
                manifest.image.std,        config.image.color_managed, config.image.frame};
  if (manifest.image.resample != "bicubic")
    image.push_back(manifest.image.resample);  // as stores of old have it
  auto store = std::make_unique<EmbeddingStore>(config.embeddings.value_or(config.out / "training"),
                                                encoder->sha256 + " " + manifest.encoder.output + " " +
                                                    manifest.encoder.activation + " " + image.dump(),
                                                manifest.encoder.embedding);
  std::vector<CaptionedPicture> all = pictures.learnt;
  all.insert(all.end(), pictures.held_out.begin(), pictures.held_out.end());
  std::optional<Progress> progress;
  ModelOptions model = config.model_options;
  model.precision = Precision::fp32;
  const EmbeddingSource source{
      .store = *store,
      .load = [&] { return load_captioner(folder, model); },
      .batch = {.readers = reader_threads(config.model_options.threads), .image = config.image},
      .begin =
          [&](std::size_t missing) {
            if (!can_show_progress() || config.quiet)
              log::info("computing the embeddings of " + counted(missing, "picture", "pictures"));
            progress.emplace(can_show_progress() && !config.quiet ? stderr : nullptr,
                             [missing](const std::atomic<bool>&) { return missing; });
          },
      .advance = [&] { progress->advance(); },
      .failed =
          [&](const CaptionedPicture& picture, const Error& error) {
            progress->clear();
            log::warning(std::string(error.what()) + "; it is left out");
            left_out.add_picture(picture.picture.name, error.kind(), error.what());
          }};
  const bool complete = embed_pictures(all, source, interrupted);
  left_out.write(config.out / "training" / "left_out.jsonl");
  return complete ? std::move(store) : nullptr;
}

}  // namespace caption::cli
