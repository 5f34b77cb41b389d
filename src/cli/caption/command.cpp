#include "cli/caption/command.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <ctime>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/progress.h"
#include "caption/error.h"
#include "cli/caption/left_out_records.h"
#include "cli/caption/own_files.h"
#include "cli/caption/results.h"
#include "cli/caption/resume.h"
#include "cli/caption/run_notes.h"
#include "cli/locate_model.h"
#include "cli/output_guard.h"
#include "cli/signals.h"
#include "embeddings/reader.h"
#include "files/output.h"
#include "inputs/inputs.h"
#include "pipeline/batch.h"
#include "records/json.h"

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
  StartedInputs(const CaptionConfig& config, LeftOut::Take left_out)
      : embeddings_(config.embeddings ? open_embeddings(*config.embeddings) : nullptr),
        inputs_(
            config.inputs, [this](const std::string& message) { warn(message); }, std::move(left_out)),
        started_(config.inputs.watch),
        first_(started_ ? std::nullopt : take(interrupted)) {
    if (started_) return;
    if (!first_ && embeddings_)
      throw Error(ErrorKind::usage, "no input: there are no embeddings in the file");
    if (!first_ && !inputs_.any()) {
      const std::string others = inputs_.left_out().text(config.inputs.advice.drawings);
      if (!others.empty()) early_warnings_ += (early_warnings_.empty() ? "" : "\n") + others;
      throw Error(ErrorKind::usage,
                  early_warnings_.empty() ? "no input: the list is empty" : early_warnings_);
    }
    started_ = true;
    if (!early_warnings_.empty()) log::warning(early_warnings_);
  }

  /// Whether there are inputs, but all in other shards.
  bool all_elsewhere() const { return !first_; }
  /// What the folders so far hold beside inputs.
  const LeftOut& left_out() const { return inputs_.left_out(); }

  std::optional<Input> next(const std::atomic<bool>& stop) {
    return first_ ? std::exchange(first_, std::nullopt) : take(stop);
  }

 private:
  std::optional<Input> take(const std::atomic<bool>& stop) {
    if (!embeddings_) return inputs_.next(stop);
    std::optional<NamedEmbedding> next = stop ? std::nullopt : embeddings_->next();
    if (!next) return std::nullopt;
    Input input{.name = std::move(next->name)};
    input.bytes = [values = std::move(next->values)] {
      const auto bytes = std::as_bytes(std::span(values));
      return std::vector<std::byte>(bytes.begin(), bytes.end());
    };
    return input;
  }

  /// Until there is an input, a warning may turn out to be the reason why there is none.
  void warn(const std::string& message) {
    if (started_) {
      log::warning(message);
    } else {
      early_warnings_ += (early_warnings_.empty() ? "" : "\n") + message;
    }
  }

  std::string early_warnings_;
  std::unique_ptr<EmbeddingReader> embeddings_;  ///< instead of `inputs_`, or none
  Inputs inputs_;
  bool started_;
  std::optional<Input> first_;
};

/// {"time", "level", "message"}
std::string json_message(std::string_view kind, std::string_view message) {
  std::array<char, sizeof "2026-01-31T23:59:59Z"> time{};
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::strftime(time.data(), time.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return json_line({{"time", time.data()}, {"level", kind}, {"message", message}});
}

/// `known`: how many there are.
Progress::Count counting(const InputOptions& inputs, const std::optional<std::size_t>& known = {}) {
  return
      [inputs, known](const std::atomic<bool>& stop) { return known ? *known : count_inputs(inputs, stop); };
}

/// Where all inputs are done: the ends of the files may still be missing.
ExitStatus finish_resumed(const CaptionConfig& config, const std::filesystem::path& folder, Outputs& outputs,
                          Resumption& resumption, LeftOutRecords& left_out) {
  Results results(config, "", folder, outputs, &resumption.journal(),
                  counting(config.inputs));  // no picture is captioned any more
  results.add_left_out(left_out);
  results.resume(kept_file(*config.output));
  return results.finish({.interrupted = interrupted});
}

}  // namespace

ExitStatus run(const CaptionConfig& config) {
  if (config.quiet) log::set_level(log::Level::quiet);
  if (config.log_format == LogFormat::json) log::set_line(json_message);
  reject_terminal_as_image(config.inputs);
  std::optional<std::filesystem::path> journal;
  if (config.output) journal = journal_file(*config.output);
  std::optional<std::filesystem::path> kept;
  if (config.output) kept = kept_file(*config.output);
  InputOptions guarded = config.inputs;
  if (config.embeddings) guarded.names.push_back(*config.embeddings);
  guard_outputs({{"--output", config.output},
                 {"--failed", config.failed},
                 {"--html", config.html},
                 {"--output-tar", config.output_tar == "-" ? std::nullopt : config.output_tar},
                 {"--resume", journal},
                 {"--retry-failed", kept}},
                guarded);
  LeftOutRecords left_out;
  RunNotes notes(config.verbose);
  StartedInputs inputs(config, [&](const LeftOutName& name) {
    notes.left_out(name);
    if (config.left_out) left_out.add(name);
  });
  if (!config.inputs.watch && inputs.all_elsewhere()) {
    log::info("no input is in this part of --shard: there is nothing to do");
    if (!config.left_out) return ExitStatus::success;
  }
  InputSource source = [&](const std::atomic<bool>& stop) { return inputs.next(stop); };
  OwnFiles own_files(config, source, interrupted);
  if (config.sidecars.dry_run) {
    Output output;
    own_files.print_plan([&](const std::string& line) { output.write(line); }, interrupted);
    return ExitStatus::success;
  }
  if (own_files.empty() && !config.left_out) {
    own_files.say_left_out();
    return ExitStatus::success;
  }
  source = own_files.source();
  const std::filesystem::path folder =
      config.model.empty() ? locate_default_model() : locate_model(config.model);
  Outputs outputs(config);
  std::optional<Resumption> resumption;
  if (config.resume != Resume::no) resumption.emplace(config, sizes_of(config));
  const bool resumes = resumption && resumption->begun();
  if (resumes) {
    resumption->agree(facts_of(config, folder));
    catch_interrupts();  // before a record is put aside
    if (config.retry_failed) resumption->retry_failed();
    if (!resumption->pass_over(source, interrupted))
      return finish_resumed(config, folder, outputs, *resumption, left_out);
    source = [&](const std::atomic<bool>& stop) { return resumption->next(stop); };
  }
  notes.loads(config, folder);
  // Static, because `leave` then spares us giving back a model's memory page by page.
  static const std::unique_ptr<Captioner> captioner = load_captioner(folder, config.model_options);
  notes.begins();

  Results results(config, captioner->name(), folder, outputs, resumption ? &resumption->journal() : nullptr,
                  counting(config.inputs, own_files.count()));
  results.add_own_files(own_files.writer(captioner->name()));
  results.add_left_out(left_out);
  if (resumes) {
    results.resume(*kept);
  } else {
    // Of a run whose output is replaced now, and not before there is a model.
    if (journal && !resumption) Journal::discard(*journal);
    std::error_code ignored;
    if (kept) std::filesystem::remove(*kept, ignored);
    results.begin(resumption ? facts_of(config, folder) : Journal::Facts());
  }
  // One image is all or nothing: Ctrl-C may kill at once.
  if (!is_single_image(config.inputs)) catch_interrupts();
  const auto sink = [&](const Record& record) { results.take(record); };
  BatchOptions batch = config.batch;
  if (config.inputs.watch) log::info("watching for images");
  // A GPU takes memory and computes for all images that may come.
  if (is_single_image(config.inputs)) batch.sizes = {.encode_batch = 1, .decode_batch = 1};
  BatchSummary summary = caption_all(*captioner, source, sink, batch, interrupted);
  if (config.inputs.watch) summary.interrupted = false;  // that is how it ends
  ExitStatus status = results.finish(summary);
  notes.ends(summary);
  own_files.say_left_out();
  if (own_files.failed() > 0 && status == ExitStatus::success) status = ExitStatus::some_failed;
  const std::string others = inputs.left_out().text(config.inputs.advice.drawings);
  if (!others.empty()) log::info(others);
  return status;
}

}  // namespace caption::cli
