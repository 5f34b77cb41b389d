#include "cli/caption/command.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/printable.h"
#include "base/progress.h"
#include "caption/error.h"
#include "cli/locate_model.h"
#include "cli/output_guard.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "cli/version.h"
#include "files/output.h"
#include "inputs/inputs.h"
#include "pages/html_report.h"
#include "pipeline/batch.h"
#include "records/writers.h"

namespace caption::cli {
namespace {

void reject_terminal_as_image(const InputOptions& inputs) {
  const bool from_stdin = std::find(inputs.names.begin(), inputs.names.end(), "-") != inputs.names.end();
  if (from_stdin && isatty(STDIN_FILENO) == 1) {
    throw Error(ErrorKind::usage,
                "'-' reads an image from standard input, which is a terminal: use a pipe or '< FILE'");
  }
}

/// The inputs with the first one already found, so that a run over nothing ends before a model is loaded.
class StartedInputs {
 public:
  explicit StartedInputs(const InputOptions& options)
      : inputs_(options, [this](const std::string& message) { warn(message); }),
        first_(inputs_.next(interrupted)) {
    if (!first_)
      throw Error(ErrorKind::usage,
                  early_warnings_.empty() ? "no input: the list is empty" : early_warnings_);
    started_ = true;
    if (!early_warnings_.empty()) log::warning(early_warnings_);
  }

  std::optional<Input> next(const std::atomic<bool>& stop) {
    return first_ ? std::exchange(first_, std::nullopt) : inputs_.next(stop);
  }

 private:
  /// Until there is an input, a warning may turn out to be the reason why there is none.
  void warn(const std::string& message) {
    if (started_) {
      log::warning(message);
    } else {
      early_warnings_ += (early_warnings_.empty() ? "" : "\n") + message;
    }
  }

  bool started_ = false;
  std::string early_warnings_;
  Inputs inputs_;
  std::optional<Input> first_;
};

/// Where a run writes. Opened before the model is loaded, so that a wrong name costs no time, but not yet
/// emptied.
struct Outputs {
  explicit Outputs(const CaptionConfig& config) : records(config.output ? Output(*config.output) : Output()) {
    if (config.failed) failed.emplace(*config.failed);
    if (config.html) html.emplace(*config.html);
  }

  Output records;
  std::optional<Output> failed;
  std::optional<Output> html;
};

void left_out_of_failed(const std::string& name) {
  log::warning("the name '" + printable(name) + "' has a line break: --failed needs --null to keep it");
}

/// Takes the records of a run: to the outputs and the terminal.
class Results {
 public:
  Results(const CaptionConfig& config, const std::string& model, Outputs& outputs)
      : single_(is_single_image(config.inputs)),
        output_is_terminal_(outputs.records.is_terminal()),
        progress_(
            !config.quiet && !single_ && can_show_progress() ? stderr : nullptr,
            [inputs = config.inputs](const std::atomic<bool>& stop) { return count_inputs(inputs, stop); }) {
    const RecordStyle style = {config.format, model, config.batch.decode.n_best > 1, !single_,
                               use_color(config.color, outputs.records)};
    add(outputs.records, make_writer(style, outputs.records));
    if (outputs.failed) {
      add(*outputs.failed,
          make_failed_list(config.inputs.null_separated ? '\0' : '\n', *outputs.failed, left_out_of_failed));
    }
    if (outputs.html) {
      add(*outputs.html,
          make_html_report({*config.html, model, config.batch.decode, program_version()}, *outputs.html));
    }
    for (const Sink& sink : sinks_) sink.output.clear();
    for (const Sink& sink : sinks_) sink.writer->begin();
  }

  void take(const Record& record) {
    if (record.error || output_is_terminal_) progress_.clear();
    for (const Sink& sink : sinks_) sink.writer->write(record);
    if (record.error) log::error(printable(record.error->what()));
    progress_.advance();
  }

  ExitStatus finish(const BatchSummary& summary) {
    progress_.clear();
    for (const Sink& sink : sinks_) {
      sink.writer->finish(summary);
      sink.output.close();
    }
    const std::string failed = std::to_string(summary.failed);
    if (summary.interrupted) {
      log::info("interrupted: " + std::to_string(summary.captioned) + " captioned, " + failed +
                " failed, the rest not tried");
      return ExitStatus::interrupted;
    }
    if (summary.failed == 0) return ExitStatus::success;
    if (!single_) {
      log::warning(failed + " of " + std::to_string(summary.captioned + summary.failed) + " images failed");
    }
    return ExitStatus::some_failed;
  }

 private:
  struct Sink {
    Output& output;
    std::unique_ptr<RecordWriter> writer;
  };

  void add(Output& output, std::unique_ptr<RecordWriter> writer) {
    sinks_.push_back({output, std::move(writer)});
  }

  bool single_;
  bool output_is_terminal_;
  Progress progress_;
  std::vector<Sink> sinks_;
};

}  // namespace

ExitStatus run(const CaptionConfig& config) {
  if (config.quiet) log::set_level(log::Level::quiet);
  reject_terminal_as_image(config.inputs);
  guard_outputs({{"--output", config.output}, {"--failed", config.failed}, {"--html", config.html}},
                config.inputs);
  StartedInputs inputs(config.inputs);
  const std::filesystem::path folder =
      config.model.empty() ? locate_default_model() : locate_model(config.model);
  Outputs outputs(config);
  // Static, because `leave` then spares us giving back a model's memory page by page.
  static const std::unique_ptr<Captioner> captioner = load_captioner(folder, config.model_options);

  Results results(config, captioner->name(), outputs);
  // One image is all or nothing: Ctrl-C may kill at once.
  if (!is_single_image(config.inputs)) catch_interrupts();
  const auto source = [&](const std::atomic<bool>& stop) { return inputs.next(stop); };
  const auto sink = [&](const Record& record) { results.take(record); };
  BatchOptions batch = config.batch;
  // A GPU takes memory and computes for all images that may come.
  if (is_single_image(config.inputs)) batch.sizes = {.encode_batch = 1, .decode_batch = 1};
  return results.finish(caption_all(*captioner, source, sink, batch, interrupted));
}

}  // namespace caption::cli
