#include "cli/train/command.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "caption/error.h"
#include "cli/output_guard.h"
#include "cli/signals.h"
#include "cli/table.h"
#include "cli/train/beginning.h"
#include "cli/train/data.h"
#include "cli/train/display.h"
#include "kernels/parallel.h"
#include "model/bundle.h"
#include "train/trainer.h"

namespace caption::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kPublishedWarmup = 5000;

std::int64_t warmup_of(const TrainConfig& config, std::int64_t updates) {
  return std::min(config.warmup.value_or(std::min(kPublishedWarmup, updates / 10)), updates);
}

TrainingSettings settings_of(const TrainConfig& config, const TrainingOptions& options,
                             const Beginning& beginning, const std::string& start, const Examples& examples,
                             const CaptionSet& validation) {
  const LearningOptions& learning = config.learning;
  const auto number = [](double value) { return format("%.6g", value); };
  TrainingSettings settings = {
      {"model", start},
      {"captions", std::to_string(examples.all.size())},
      {"tokens of all captions", std::to_string(examples.tokens)},
      {"captions an update", std::to_string(config.batch)},
      {"updates", std::to_string(options.rate.updates)},
      {"learning rate", number(options.rate.highest)},
      {"warm-up", std::to_string(options.rate.warmup)},
      {"decay", config.decay == Decay::linear   ? "linear"
                : config.decay == Decay::cosine ? "cosine"
                                                : "none"},
      {"weight decay", number(learning.weight_decay)},
      {"clip norm", number(learning.clip_norm)},
      {"dropout", number(learning.dropout)},
      {"label smoothing", number(learning.label_smoothing)},
      {"matrices in", learning.bf16 ? "bf16" : "fp32"},
      {"learns", learning.mapper_only ? "the mapper" : "the mapper and GPT-2"},
      {"seed", std::to_string(learning.seed)},
      {"parts of an update", std::to_string(config.accumulate)},
      {"pictures not learnt", std::to_string(validation.size())},
      {"validation every",
       options.validate_every > 0 ? std::to_string(options.validate_every) + " updates" : "epoch"},
      {"patience", std::to_string(options.patience)},
      {"beams", std::to_string(config.beam)},
      {"most tokens", std::to_string(beginning.manifest.stop.max_tokens)},
  };
  if (config.model_options.device == "cpu")
    settings["threads"] =
        std::to_string(config.model_options.threads > 0 ? config.model_options.threads : available_cores());
  if (config.parts.mapper || config.parts.gpt2)
    settings["new mapper"] =
        (config.parts.mapper == MapperKind::transformer ? "transformer, prefix of " : "mlp, prefix of ") +
        std::to_string(beginning.manifest.mapper.prefix_length);
  if (config.parts.gpt2)
    settings["new GPT-2"] = std::to_string(config.parts.sizes.layers) + " layers of width " +
                            std::to_string(config.parts.sizes.width) + ", " +
                            std::to_string(config.parts.sizes.vocabulary) + " tokens";
  return settings;
}

/// Refuses a folder that holds something else, and a training that is there already.
void check_folder(const TrainConfig& config, const fs::path& checkpoint) {
  std::error_code ignored;
  const std::string name = "'" + config.out.string() + "'";
  if (config.resume) {
    if (fs::exists(checkpoint, ignored)) return;
    throw Error(ErrorKind::model,
                "there is no training in " + name + " to go on with: no " + checkpoint.string());
  }
  if (fs::exists(checkpoint, ignored))
    throw Error(ErrorKind::usage, "there is a training in " + name +
                                      ": --resume goes on with it; for a new one, name another folder");
  if (fs::exists(config.out / "model.json", ignored))
    throw Error(ErrorKind::usage, name + " is a model already: name a new folder");
}

/// The token that captions are taught to end with.
std::int32_t learnt_stop_token(const Manifest& manifest) {
  if (!manifest.stop.tokens.empty()) return static_cast<std::int32_t>(manifest.stop.tokens.front());
  throw Error(ErrorKind::model,
              "captions of the model '" + manifest.name +
                  "' end with a text, and training needs a token that ends them: import its "
                  "files again with --stop-token");
}

CaptionRule rule_of(const Manifest& manifest) {
  return {learnt_stop_token(manifest), static_cast<std::size_t>(manifest.stop.max_tokens)};
}

ValidationOptions validation_options(const TrainConfig& config, const Manifest& manifest) {
  ValidationOptions options;
  options.decode.beam = config.beam;
  options.decode.max_tokens = static_cast<int>(manifest.stop.max_tokens);
  options.decode.no_repeat_ngram = static_cast<int>(manifest.no_repeat_ngram);
  options.stop_token = learnt_stop_token(manifest);
  options.gpt2 = gpt2_choices(manifest);
  options.mapper_heads = manifest.mapper.heads;
  return options;
}

TrainingOptions training_options(const TrainConfig& config, std::size_t examples) {
  TrainingOptions options;
  options.batch = static_cast<std::size_t>(config.batch);
  options.parts = static_cast<std::size_t>(config.accumulate);
  options.seed = config.learning.seed;
  options.validate_every = config.validate_every;
  options.patience = config.patience;
  options.checkpoint_every = std::chrono::seconds(config.checkpoint_every);
  const std::int64_t updates =
      config.epochs * BatchOrder(examples, options.batch, options.seed).updates_per_epoch();
  options.rate = {config.learning_rate, warmup_of(config, updates), updates, config.decay};
  return options;
}

void say_end(const TrainConfig& config, const Trainer& trainer) {
  const TrainingProgress& progress = trainer.progress();
  if (!progress.finished) {
    log::info("interrupted after update " + std::to_string(progress.updates) +
              ": the same command with --resume goes on");
    return;
  }
  log::info("the captioner of update " + std::to_string(progress.best_update) + " is in '" +
            config.out.string() + "': caption --model " + config.out.string() + " photo.jpg; curves in " +
            (config.out / "training" / "report.html").string());
}

}  // namespace

ExitStatus run(const TrainConfig& config) {
  if (config.quiet) log::set_level(log::Level::quiet);
  const TrainingLibrary& library = training_library();
  const fs::path folder = config.out / "training";
  const fs::path checkpoint_file = folder / "checkpoint.safetensors";
  check_folder(config, checkpoint_file);
  const fs::path log_file = config.log.value_or(folder / "log.jsonl");
  guard_outputs({{"--log", config.log}}, {.names = {config.captions.string()}});
  const bool of_files = config.files.clip.has_value();
  fs::path start;
  Manifest manifest;
  const auto find_start = [&] {
    start = make_or_find_start(config);
    manifest = read_complete_manifest(start);
  };
  if (!of_files) find_start();  // what is wrong with it is said before anything is made
  LeftOutData left_out(config.max_failures);
  const Division pictures = read_training_pictures(config, left_out);
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed)
    throw Error(ErrorKind::output, "cannot make '" + folder.string() + "': " + failed.message(), folder);
  if (of_files) find_start();
  Beginning beginning = begin(config, start, manifest, pictures);
  name_result(config, pictures, manifest.name, beginning.manifest);
  set_threads(config.model_options.threads);
  catch_interrupts();
  const auto store = compute_embeddings(config, start, manifest, pictures, left_out);
  if (store == nullptr) {
    log::info("interrupted: the embeddings so far are kept");
    return ExitStatus::interrupted;
  }
  const CaptionSet learnt = make_caption_set(pictures.learnt, *store, beginning.manifest.mapper.normalize);
  const CaptionSet validation =
      make_caption_set(pictures.held_out, *store, beginning.manifest.mapper.normalize);
  const auto tokenizer = load_tokenizer(beginning.tokenizer, beginning.manifest);
  const Examples examples = encode_captions(learnt, *tokenizer, rule_of(beginning.manifest));
  const Examples validated = encode_captions(validation, *tokenizer, rule_of(beginning.manifest));
  if (examples.all.empty())
    throw Error(ErrorKind::usage, "no picture could be read: there is nothing to learn");
  if (examples.cut > 0)
    log::warning(std::to_string(examples.cut) + " of " + std::to_string(examples.all.size()) +
                 " captions are cut to " + std::to_string(beginning.manifest.stop.max_tokens) + " tokens");

  const TrainingOptions options = training_options(config, examples.all.size());
  const TrainingSettings settings =
      settings_of(config, options, beginning, manifest.name, examples, validation);
  LearningState state{std::move(beginning.weights), {}, {}};
  TrainingProgress progress;
  if (config.resume) {
    Checkpoint checkpoint = read_checkpoint(checkpoint_file);
    require_same_settings(checkpoint.settings, settings);
    state = std::move(checkpoint.state);
    progress = checkpoint.progress;
    if (progress.finished) {
      log::info("this training has ended already: for more, begin one with --model " + config.out.string());
      return ExitStatus::success;
    }
  }
  LearningOptions learning = config.learning;
  learning.gpt2 = gpt2_choices(beginning.manifest);
  learning.mapper_heads = beginning.manifest.mapper.heads;
  const auto engine = library.make_engine(std::move(state), learning, config.model_options.device,
                                          config.model_options.threads);
  TrainingLog log(log_file, progress.updates, progress.validated);
  TrainedBundle bundle(config.out, start, beginning.tokenizer, beginning.manifest);
  Display display(config, log, {beginning.manifest.name, settings, options.rate.updates}, progress.updates);
  log::info("learning " + std::to_string(examples.all.size()) + " captions of " +
            std::to_string(learnt.size()) + " pictures in " + std::to_string(options.rate.updates) +
            " updates; " + std::to_string(validation.size()) + " pictures are for validation");
  Trainer trainer({*engine, learnt, examples.all, validation, validated.all, *tokenizer,
                   validation_options(config, beginning.manifest), log, bundle, checkpoint_file},
                  options, settings, progress, display.observer());
  trainer.run(interrupted);
  display.end();
  say_end(config, trainer);
  return trainer.progress().finished ? ExitStatus::success : ExitStatus::interrupted;
}

}  // namespace caption::cli
