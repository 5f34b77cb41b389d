#include "cli/train/command.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/progress.h"
#include "caption/error.h"
#include "cli/locate_model.h"
#include "cli/model_flags.h"
#include "cli/output_guard.h"
#include "cli/signals.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "cli/train/data.h"
#include "cli/train/page.h"
#include "files/small_file.h"
#include "kernels/parallel.h"
#include "model/bundle.h"
#include "train/trainer.h"

namespace caption::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kPublishedWarmup = 5000;
constexpr std::int64_t kUsualPrefix = 10;
constexpr int kTokensOfNew = 30;  // of a caption, where nothing else says it

/// Where a training begins: the parts, their weights and how they fit together.
struct Beginning {
  fs::path tokenizer;  ///< folder of the tokenizer's files
  Manifest manifest;   ///< as the result's will be
  NamedTensors weights;
};

/// A tokenizer of the captions' own, in the training's folder; the one that is there, if there is one.
fs::path make_tokenizer(const TrainConfig& config, const std::vector<CaptionedPicture>& pictures) {
  const fs::path folder = config.out / "training";
  std::error_code ignored;
  if (config.resume && fs::exists(folder / "tokenizer.model", ignored)) return folder;
  std::vector<std::string> texts;
  for (const CaptionedPicture& picture : pictures)
    for (const std::string& caption : picture.captions) texts.push_back(tidy(caption));
  replace_small_file(folder / "tokenizer.model",
                     train_sentencepiece(texts, static_cast<std::int32_t>(config.parts.sizes.vocabulary)));
  return folder;
}

Beginning begin(const TrainConfig& config, const fs::path& folder, const Manifest& start,
                const Division& pictures) {
  Beginning beginning{folder, start, {}};
  Manifest& manifest = beginning.manifest;
  const NewParts& parts = config.parts;
  NewMapper mapper = parts.transformer;
  mapper.kind = parts.mapper.value_or(MapperKind::mlp);
  mapper.prefix_length = parts.prefix_length.value_or(kUsualPrefix);
  std::int64_t width = manifest.language_model.width;
  if (parts.gpt2) {
    NewGpt2 sizes = parts.sizes;
    width = sizes.width;
    manifest.stop = {1, config.max_tokens > 0 ? config.max_tokens : kTokensOfNew};
    sizes.context = mapper.prefix_length + manifest.stop.max_tokens;
    beginning.tokenizer = make_tokenizer(config, pictures.learnt);
    manifest.tokenizer = {"sentencepiece", {{"model", "tokenizer.model"}}};
    beginning.weights = make_gpt2_weights(sizes, config.learning.seed);
  } else {
    beginning.weights = read_captioner(folder, manifest);
    if (config.max_tokens > 0) manifest.stop.max_tokens = config.max_tokens;
  }
  if (parts.mapper || parts.gpt2) {
    std::erase_if(beginning.weights,
                  [](const auto& entry) { return entry.first.starts_with(kMapperPrefix); });
    beginning.weights.merge(
        make_mapper_weights(mapper, manifest.encoder.embedding, width, config.learning.seed));
    // As the published mappers were trained.
    manifest.mapper.normalize = mapper.kind == MapperKind::transformer;
    manifest.mapper.prefix_length = mapper.prefix_length;
  }
  const std::int64_t context = part_of(beginning.weights, kGpt2Prefix).shape("wpe.weight", 2)[0];
  if (manifest.mapper.prefix_length + manifest.stop.max_tokens > context)
    throw Error(ErrorKind::usage, "a prefix of " + std::to_string(manifest.mapper.prefix_length) + " and " +
                                      std::to_string(manifest.stop.max_tokens) +
                                      " tokens do not fit into GPT-2's " + std::to_string(context) +
                                      " positions: --max-tokens allows fewer");
  return beginning;
}

/// What the result is called and where it comes from.
void name_result(const TrainConfig& config, const Division& pictures, const std::string& start,
                 Manifest& manifest) {
  fs::path out = config.out;
  if (!out.has_filename()) out = out.parent_path();
  manifest.name = out.filename().string();
  manifest.unsure_below.reset();  // that was measured of other weights
  manifest.origin = "Trained by caption train on captions of " + std::to_string(pictures.learnt.size()) +
                    " pictures, from the model '" + start + "': " + manifest.origin;
  manifest.license = "Trained on captions and pictures of your own; what it began with: " + manifest.license;
}

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

/// Shows what happens: on stderr, and as a page in the training's folder.
class Display {
 public:
  Display(const TrainConfig& config, const TrainingLog& log, PageFacts facts, std::int64_t done)
      : log_(log),
        facts_(std::move(facts)),
        page_(config.out / "training" / "report.html"),
        progress_(
            !config.quiet && can_show_progress() ? stderr : nullptr,
            [updates = static_cast<std::size_t>(facts_.updates)](const std::atomic<bool>&) {
              return updates;
            },
            static_cast<std::size_t>(done), ProgressUnit::updates) {
    draw();
  }

  TrainingObserver observer() {
    return {[this](const UpdateRecord& record) { updated(record); },
            [this](const ValidationRecord& record) { validated(record); }};
  }

  void end() {
    progress_.clear();
    facts_.running = false;
    draw();
  }

 private:
  using Clock = std::chrono::steady_clock;

  void updated(const UpdateRecord& record) {
    smooth_ = smooth_ == 0 ? record.loss : smooth_ + (record.loss - smooth_) / 20;
    progress_.set_note(format("loss %.3f", smooth_));
    progress_.advance();
    if (Clock::now() - drawn_ > std::chrono::seconds(20)) draw();
  }

  void validated(const ValidationRecord& record) {
    progress_.clear();
    log::info(format("update %lld, epoch %.2f: loss %.3f, not learnt %.3f, CIDEr-D %.3f%s",
                     static_cast<long long>(record.number), record.epoch, smooth_, record.loss,
                     record.cider_d, record.best ? ", the best so far" : ""));
    draw();
  }

  void draw() {
    replace_small_file(page_, training_page(log_, facts_));
    drawn_ = Clock::now();
  }

  const TrainingLog& log_;
  PageFacts facts_;
  fs::path page_;
  Progress progress_;
  double smooth_ = 0;  // loss of about the last 20 updates
  Clock::time_point drawn_;
};

CaptionRule rule_of(const Manifest& manifest) {
  return {static_cast<std::int32_t>(manifest.stop.token), static_cast<std::size_t>(manifest.stop.max_tokens)};
}

ValidationOptions validation_options(const TrainConfig& config, const Manifest& manifest) {
  ValidationOptions options;
  options.decode.beam = config.beam;
  options.decode.max_tokens = static_cast<int>(manifest.stop.max_tokens);
  options.decode.no_repeat_ngram = static_cast<int>(manifest.no_repeat_ngram);
  options.stop_token = static_cast<std::int32_t>(manifest.stop.token);
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
  const fs::path start = config.model.empty() ? locate_default_model() : locate_model(config.model);
  const Manifest manifest = read_complete_manifest(start);
  LeftOutData left_out(config.max_failures);
  const Division pictures = read_training_pictures(config, left_out);
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed)
    throw Error(ErrorKind::output, "cannot make '" + folder.string() + "': " + failed.message(), folder);
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
  const auto engine = library.make_engine(std::move(state), config.learning, config.model_options.device,
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
