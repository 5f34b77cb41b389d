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
#include "cli/caption/resume.h"
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

  /// Those that there are, always in the same order.
  std::vector<Output*> all() {
    std::vector<Output*> outputs = {&records};
    if (failed) outputs.push_back(&*failed);
    if (html) outputs.push_back(&*html);
    return outputs;
  }

  Output records;
  std::optional<Output> failed;
  std::optional<Output> html;
};

/// What is in the files of a run that can be resumed. Throws Error(usage) if one is none.
Journal::Ends sizes_of(const CaptionConfig& config) {
  Journal::Ends sizes;
  for (const auto* file : {&config.output, &config.failed, &config.html}) {
    if (!*file) continue;
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(**file, error);
    if (error) {
      throw Error(ErrorKind::usage, "--resume goes on with files: '" + (*file)->string() + "' is none",
                  **file);
    }
    sizes.push_back(size);
  }
  return sizes;
}

void left_out_of_failed(const std::string& name) {
  log::warning("the name '" + printable(name) + "' has a line break: --failed needs --null to keep it");
}

/// Takes the records of a run: to the outputs and the terminal.
class Results {
 public:
  /// `resumption`: null where none was asked for.
  Results(const CaptionConfig& config, const std::string& model, Outputs& outputs, Resumption* resumption)
      : single_(is_single_image(config.inputs)),
        output_is_terminal_(outputs.records.is_terminal()),
        journal_(resumption != nullptr ? &resumption->journal() : nullptr),
        before_(journal_ != nullptr ? journal_->summary() : BatchSummary()),
        progress_(
            !config.quiet && !single_ && can_show_progress() ? stderr : nullptr,
            [inputs = config.inputs](const std::atomic<bool>& stop) { return count_inputs(inputs, stop); },
            before_.captioned + before_.failed) {
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
  }

  /// A run from its beginning. `facts`: for the journal, if there is one.
  void begin(const Journal::Facts& facts) {
    if (journal_ != nullptr) journal_->begin(facts);
    for (const Sink& sink : sinks_) sink.output.clear();
    for (const Sink& sink : sinks_) sink.writer->begin();
    if (journal_ != nullptr) journal_->start(ends());
  }

  /// Behind what the journal knows.
  void resume() {
    for (std::size_t i = 0; i < sinks_.size(); ++i) sinks_[i].output.cut(journal_->ends().at(i));
    for (const Sink& sink : sinks_) sink.writer->resume(before_);
  }

  void take(const Record& record) {
    if (record.error || output_is_terminal_) progress_.clear();
    for (const Sink& sink : sinks_) sink.writer->write(record);
    if (journal_ != nullptr) journal_->add(record.image, record.error.has_value(), ends());
    if (record.error) log::error(printable(record.error->what()));
    progress_.advance();
  }

  ExitStatus finish(BatchSummary summary) {
    summary.captioned += before_.captioned;
    summary.failed += before_.failed;
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

  Journal::Ends ends() const {
    Journal::Ends ends;
    for (const Sink& sink : sinks_) ends.push_back(sink.output.position());
    return ends;
  }

  bool single_;
  bool output_is_terminal_;
  Journal* journal_;
  BatchSummary before_;  ///< of the run that this one goes on with
  Progress progress_;
  std::vector<Sink> sinks_;
};

/// Where all inputs are done: the ends of the files may still be missing.
ExitStatus finish_resumed(const CaptionConfig& config, Outputs& outputs, Resumption& resumption) {
  Results results(config, "", outputs, &resumption);  // no record is written any more
  results.resume();
  return results.finish({.interrupted = interrupted});
}

}  // namespace

ExitStatus run(const CaptionConfig& config) {
  if (config.quiet) log::set_level(log::Level::quiet);
  reject_terminal_as_image(config.inputs);
  std::optional<std::filesystem::path> journal;
  if (config.output) journal = journal_file(*config.output);
  guard_outputs({{"--output", config.output},
                 {"--failed", config.failed},
                 {"--html", config.html},
                 {"--resume", journal}},
                config.inputs);
  StartedInputs inputs(config.inputs);
  const std::filesystem::path folder =
      config.model.empty() ? locate_default_model() : locate_model(config.model);
  Outputs outputs(config);
  InputSource source = [&](const std::atomic<bool>& stop) { return inputs.next(stop); };
  std::optional<Resumption> resumption;
  if (config.resume != Resume::no) {
    resumption.emplace(config, sizes_of(config));
  } else if (journal) {
    Journal::discard(*journal);  // of a run whose output is replaced
  }
  const bool resumes = resumption && resumption->begun();
  std::optional<Input> first;
  if (resumes) {
    resumption->agree(facts_of(config, folder));
    catch_interrupts();
    first = resumption->pass_over(source, interrupted);
    source = [&, rest = source](const std::atomic<bool>& stop) {
      std::optional<Input> input = first ? std::exchange(first, std::nullopt) : rest(stop);
      while (input && resumption->is_done(*input)) input = rest(stop);
      return input;
    };
    if (!first) return finish_resumed(config, outputs, *resumption);
  }
  // Static, because `leave` then spares us giving back a model's memory page by page.
  static const std::unique_ptr<Captioner> captioner = load_captioner(folder, config.model_options);

  Results results(config, captioner->name(), outputs, resumption ? &*resumption : nullptr);
  if (resumes) {
    results.resume();
  } else {
    results.begin(resumption ? facts_of(config, folder) : Journal::Facts());
  }
  // One image is all or nothing: Ctrl-C may kill at once.
  if (!is_single_image(config.inputs)) catch_interrupts();
  const auto sink = [&](const Record& record) { results.take(record); };
  BatchOptions batch = config.batch;
  // A GPU takes memory and computes for all images that may come.
  if (is_single_image(config.inputs)) batch.sizes = {.encode_batch = 1, .decode_batch = 1};
  return results.finish(caption_all(*captioner, source, sink, batch, interrupted));
}

}  // namespace caption::cli
