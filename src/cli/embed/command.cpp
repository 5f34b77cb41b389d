#include "cli/embed/command.h"

#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/printable.h"
#include "base/progress.h"
#include "caption/error.h"
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

}  // namespace

ExitStatus run(const EmbedConfig& config) {
  if (config.quiet) log::set_level(log::Level::quiet);
  guard_outputs({{"--output", config.output}, {"--output", second_file(config.output)}}, config.inputs);
  Inputs inputs(config.inputs, log::warning);
  std::optional<Input> first = inputs.next(interrupted);
  if (!first && inputs.any()) {
    log::info("no input is in this part of --shard: there is nothing to do");
    return ExitStatus::success;
  }
  if (!first) throw Error(ErrorKind::usage, "no input: there is no image among what was named");
  const std::filesystem::path folder =
      config.model.empty() ? locate_default_model() : locate_model(config.model);
  // Static, because `leave` then spares us giving back a model's memory page by page.
  static const std::unique_ptr<Captioner> captioner = load_captioner(folder, config.model_options);
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

}  // namespace caption::cli
