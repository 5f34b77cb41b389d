#include "cli/caption_command.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "caption/error.h"
#include "cli/engine_library.h"
#include "cli/inputs.h"
#include "cli/models.h"
#include "cli/output.h"
#include "cli/output_guard.h"
#include "cli/printable.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "cli/writers.h"
#include "core/log.h"
#include "pipeline/batch.h"

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

/// Takes the records of a run: to the output, the list of failures and the terminal.
class Results {
 public:
  Results(const CaptionConfig& config, const std::string& model, Output& output, Output* failed)
      : output_(output),
        failed_(failed),
        separator_(config.inputs.null_separated ? '\0' : '\n'),
        single_(is_single_image(config.inputs)),
        progress_(!config.quiet && !single_ && can_show_progress(), config.inputs) {
    output_.clear();
    if (failed_ != nullptr) failed_->clear();
    writer_ = make_writer(
        {config.format, model, config.batch.decode.n_best > 1, !single_, use_color(config.color, output)},
        output_);
    writer_->begin();
  }

  void take(const Record& record) {
    const bool message = record.error.has_value();
    if (message || output_is_terminal_) progress_.clear();
    writer_->write(record);
    if (message) log::error(printable(record.error->what()));
    if (record.error && failed_ != nullptr) list_failed(record.image);
    progress_.advance();
  }

  ExitStatus finish(const BatchSummary& summary) {
    progress_.clear();
    output_.close();
    if (failed_ != nullptr) failed_->close();
    const std::string failed = std::to_string(summary.failed);
    if (interrupted) {
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
  void list_failed(const std::string& name) {
    if (name == "-") return;  // its bytes are gone
    if (name.find(separator_) != std::string::npos) {
      log::warning("the name '" + printable(name) + "' has a line break: --failed needs --null to keep it");
      return;
    }
    failed_->write(name + separator_);
  }

  Output& output_;
  Output* failed_;
  char separator_;
  bool single_;
  bool output_is_terminal_ = output_.is_terminal();
  Progress progress_;
  std::unique_ptr<RecordWriter> writer_;
};

}  // namespace

ExitStatus run(const CaptionConfig& config) {
  if (config.quiet) log::set_level(log::Level::quiet);
  reject_terminal_as_image(config.inputs);
  guard_outputs(config);
  StartedInputs inputs(config.inputs);
  const std::filesystem::path folder =
      config.model.empty() ? locate_default_model() : locate_model(config.model);
  // Opened before the model is loaded, so that a wrong name costs no time, but not yet emptied.
  Output output = config.output ? Output(*config.output) : Output();
  std::optional<Output> failed;
  if (config.failed) failed.emplace(*config.failed);
  // Static, because `leave` then spares us giving back a model's memory page by page.
  static const std::unique_ptr<Captioner> captioner =
      load_engine().load_captioner(folder, config.model_options);

  Results results(config, captioner->name(), output, failed ? &*failed : nullptr);
  // One image is all or nothing: Ctrl-C may kill at once.
  if (!is_single_image(config.inputs)) catch_interrupts();
  const auto source = [&](const std::atomic<bool>& stop) { return inputs.next(stop); };
  const auto sink = [&](const Record& record) { results.take(record); };
  return results.finish(caption_all(*captioner, source, sink, config.batch, interrupted));
}

}  // namespace caption::cli
