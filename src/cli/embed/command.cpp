#include "cli/embed/command.h"

#include <atomic>
#include <cmath>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/counted.h"
#include "base/log.h"
#include "base/printable.h"
#include "base/progress.h"
#include "caption/error.h"
#include "cli/embed/text_lines.h"
#include "cli/locate_model.h"
#include "cli/output_guard.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "embeddings/writer.h"
#include "inputs/inputs.h"
#include "pipeline/embed.h"

namespace caption::cli {
namespace {

std::vector<float> divided_by_length(std::span<const float> embedding) {
  double squares = 0;
  for (const float value : embedding) squares += static_cast<double>(value) * static_cast<double>(value);
  const auto length = static_cast<float>(std::sqrt(squares));
  std::vector<float> divided(embedding.begin(), embedding.end());
  if (length == 0) return divided;
  for (float& value : divided) value /= length;
  return divided;
}

std::optional<std::filesystem::path> second_file(const std::filesystem::path& output) {
  if (embedding_format(output) != EmbeddingFormat::npy) return std::nullopt;
  return names_beside(output);
}

ExitStatus status_of(const BatchSummary& summary) {
  if (summary.interrupted) {
    log::info("interrupted: " + std::to_string(summary.captioned) + " embedded, " +
              std::to_string(summary.failed) + " failed, the rest not tried");
    return ExitStatus::interrupted;
  }
  if (summary.failed == 0) return ExitStatus::success;
  log::warning(std::to_string(summary.failed) + " of " + std::to_string(summary.captioned + summary.failed) +
               " images failed");
  return ExitStatus::some_failed;
}

std::filesystem::path model_folder(const EmbedConfig& config) {
  return config.model.empty() ? locate_default_model() : locate_model(config.model);
}

void guard(const EmbedConfig& config) {
  InputOptions inputs = config.inputs;
  if (config.texts) inputs.names.push_back(config.texts->string());
  guard_outputs({{"--output", config.output}, {"--output", second_file(config.output)}}, inputs);
}

/// What is left of a run over texts.
void say_what_was_cut(const CountedNames& texts) {
  if (texts.count() == 0) return;
  log::warning(counted(texts.count(), "text is", "texts are") +
               " longer than what CLIP takes, so that the end is left out: " + texts.few());
}

ExitStatus embed_texts(const EmbedConfig& config) {
  constexpr std::size_t kTogether = 64;
  TextLines lines(*config.texts);
  std::vector<std::string> texts = lines.next(kTogether);
  if (texts.empty()) throw Error(ErrorKind::usage, "no input: there is no text in the file");
  static const std::unique_ptr<Captioner> captioner =
      load_captioner(model_folder(config), config.model_options);
  // Before there is a file: a model without a text side leaves none.
  TextEmbeddings found = captioner->embed_texts(texts);
  const std::unique_ptr<EmbeddingWriter> writer =
      make_embedding_writer(config.output, {captioner->name(), config.normalize, true});
  catch_interrupts();
  Progress progress(
      !config.quiet && can_show_progress() ? stderr : nullptr,
      [](const std::atomic<bool>&) { return std::size_t{0}; }, 0, ProgressUnit::texts);
  std::size_t count = 0;
  CountedNames cut;
  for (;;) {
    const auto width = static_cast<std::size_t>(found.embeddings.width);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto row = std::span(found.embeddings.values).subspan(i * width, width);
      if (config.normalize) {
        writer->write(texts[i], divided_by_length(row));
      } else {
        writer->write(texts[i], row);
      }
    }
    for (const std::size_t i : found.cut) cut.add(texts[i]);
    count += texts.size();
    progress.advance(texts.size());
    if (interrupted) break;
    texts = lines.next(kTogether);
    if (texts.empty()) break;
    found = captioner->embed_texts(texts);
  }
  progress.clear();
  writer->finish();
  say_what_was_cut(cut);
  if (!interrupted) return ExitStatus::success;
  log::info("interrupted: " + std::to_string(count) + " embedded, the rest not tried");
  return ExitStatus::interrupted;
}

ExitStatus embed_pictures(const EmbedConfig& config) {
  Inputs inputs(config.inputs, log::warning);
  std::optional<Input> first = inputs.next(interrupted);
  if (!first && inputs.any()) {
    log::info("no input is in this part of --shard: there is nothing to do");
    return ExitStatus::success;
  }
  if (!first) throw Error(ErrorKind::usage, "no input: there is no image among what was named");
  // Static, because `leave` then spares us giving back a model's memory page by page.
  static const std::unique_ptr<Captioner> captioner =
      load_captioner(model_folder(config), config.model_options);
  const std::unique_ptr<EmbeddingWriter> writer =
      make_embedding_writer(config.output, {captioner->name(), config.normalize});

  catch_interrupts();
  Progress progress(!config.quiet && can_show_progress() ? stderr : nullptr,
                    [&](const std::atomic<bool>& stop) { return count_inputs(config.inputs, stop); });
  const InputSource source = [&](const std::atomic<bool>& stop) {
    return first ? std::exchange(first, std::nullopt) : inputs.next(stop);
  };
  const EmbeddingSink sink = [&](const EmbeddedInput& input) {
    if (input.error) {
      progress.clear();
      log::error(printable(input.error->what()));
    } else if (config.normalize) {
      writer->write(input.name, divided_by_length(input.embedding));
    } else {
      writer->write(input.name, input.embedding);
    }
    progress.advance();
  };
  const BatchSummary summary = embed_all(*captioner, source, sink, config.batch, interrupted);
  progress.clear();
  writer->finish();
  return status_of(summary);
}

}  // namespace

ExitStatus run(const EmbedConfig& config) {
  if (config.quiet) log::set_level(log::Level::quiet);
  guard(config);
  return config.texts ? embed_texts(config) : embed_pictures(config);
}

}  // namespace caption::cli
