#include "cli/caption/command.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/progress.h"
#include "caption/error.h"
#include "cli/caption/results.h"
#include "cli/caption/resume.h"
#include "cli/caption/sidecar_plan.h"
#include "cli/locate_model.h"
#include "cli/output_guard.h"
#include "cli/signals.h"
#include "files/output.h"
#include "inputs/inputs.h"
#include "pipeline/batch.h"
#include "records/sidecars.h"
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
    if (!first_) {
      const std::string left_out = inputs_.left_out().text();
      if (!left_out.empty()) early_warnings_ += (early_warnings_.empty() ? "" : "\n") + left_out;
      throw Error(ErrorKind::usage,
                  early_warnings_.empty() ? "no input: the list is empty" : early_warnings_);
    }
    started_ = true;
    if (!early_warnings_.empty()) log::warning(early_warnings_);
  }

  /// What the folders so far hold beside inputs.
  const LeftOut& left_out() const { return inputs_.left_out(); }

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

SidecarStyle sidecar_style(const CaptionConfig& config, const std::string& model) {
  const SidecarOptions& options = config.sidecars;
  return {*options.format, options.existing == Existing::append, options.prefix, options.suffix,
          model,           config.batch.decode.n_best > 1};
}

/// The inputs of a plan, one by one.
InputSource source_of(const SidecarPlan& plan) {
  return [&plan, next = std::size_t{0}](const std::atomic<bool>& stop) mutable {
    return stop || next == plan.inputs().size() ? std::nullopt : std::optional(plan.inputs()[next++]);
  };
}

/// Says what is not captioned. -> whether that is all
bool nothing_left(const SidecarPlan& plan) {
  if (plan.left_out() == 0) return false;
  log::info(std::to_string(plan.left_out()) + (plan.left_out() == 1
                                                   ? " picture is left out: it has its sidecar"
                                                   : " pictures are left out: they have their sidecar"));
  return plan.inputs().empty();
}

Progress::Count counting(const InputOptions& inputs) {
  return [inputs](const std::atomic<bool>& stop) { return count_inputs(inputs, stop); };
}

/// Where all inputs are done: the ends of the files may still be missing.
ExitStatus finish_resumed(const CaptionConfig& config, Outputs& outputs, Resumption& resumption) {
  Results results(config, "", outputs, &resumption.journal(),
                  counting(config.inputs));  // no record is written any more
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
  InputSource source = [&](const std::atomic<bool>& stop) { return inputs.next(stop); };
  std::optional<SidecarPlan> plan;
  if (config.sidecars.format) {
    plan.emplace(config, source, interrupted);
    if (config.sidecars.dry_run) {
      Output().write(plan->text());
      return ExitStatus::success;
    }
    if (nothing_left(*plan)) return ExitStatus::success;
    source = source_of(*plan);
  }
  const std::filesystem::path folder =
      config.model.empty() ? locate_default_model() : locate_model(config.model);
  Outputs outputs(config);
  std::optional<Resumption> resumption;
  if (config.resume != Resume::no) resumption.emplace(config, sizes_of(config));
  const bool resumes = resumption && resumption->begun();
  if (resumes) {
    resumption->agree(facts_of(config, folder));
    catch_interrupts();
    if (!resumption->pass_over(source, interrupted)) return finish_resumed(config, outputs, *resumption);
    source = [&](const std::atomic<bool>& stop) { return resumption->next(stop); };
  }
  // Static, because `leave` then spares us giving back a model's memory page by page.
  static const std::unique_ptr<Captioner> captioner = load_captioner(folder, config.model_options);

  Results results(config, captioner->name(), outputs, resumption ? &resumption->journal() : nullptr,
                  plan ? [count = plan->inputs().size()](const std::atomic<bool>&) { return count; }
                       : counting(config.inputs));
  if (plan) results.add_sidecars(make_sidecars(sidecar_style(config, captioner->name()), plan->files()));
  if (resumes) {
    results.resume();
  } else {
    // Of a run whose output is replaced now, and not before there is a model.
    if (journal && !resumption) Journal::discard(*journal);
    results.begin(resumption ? facts_of(config, folder) : Journal::Facts());
  }
  // One image is all or nothing: Ctrl-C may kill at once.
  if (!is_single_image(config.inputs)) catch_interrupts();
  const auto sink = [&](const Record& record) { results.take(record); };
  BatchOptions batch = config.batch;
  // A GPU takes memory and computes for all images that may come.
  if (is_single_image(config.inputs)) batch.sizes = {.encode_batch = 1, .decode_batch = 1};
  const BatchSummary summary = caption_all(*captioner, source, sink, batch, interrupted);
  const ExitStatus status = results.finish(summary);
  if (const std::string text = inputs.left_out().text(); !text.empty()) log::info(text);
  return status;
}

}  // namespace caption::cli
