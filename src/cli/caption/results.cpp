#include "cli/caption/results.h"

#include <cstdio>
#include <utility>

#include "base/log.h"
#include "base/printable.h"
#include "caption/error.h"
#include "cli/model_terms.h"
#include "cli/terminal.h"
#include "cli/version.h"
#include "inputs/inputs.h"
#include "pages/html_report.h"

namespace caption::cli {
namespace {

void left_out_of_failed(const std::string& name) {
  log::warning("the name '" + printable(name) + "' has a line break: --failed needs --null to keep it");
}

}  // namespace

Outputs::Outputs(const CaptionConfig& config) : records(config.output ? Output(*config.output) : Output()) {
  if (config.failed) failed.emplace(*config.failed);
  if (config.html) html.emplace(*config.html);
}

std::vector<std::filesystem::path> files_of(const CaptionConfig& config) {
  std::vector<std::filesystem::path> files;
  for (const auto* file : {&config.output, &config.failed, &config.html})
    if (*file) files.push_back(**file);
  return files;
}

Journal::Ends sizes_of(const CaptionConfig& config) {
  Journal::Ends sizes;
  for (const std::filesystem::path& file : files_of(config)) {
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(file, error);
    if (error)
      throw Error(ErrorKind::usage, "--resume goes on with files: '" + file.string() + "' is none", file);
    sizes.push_back(size);
  }
  return sizes;
}

Results::Results(const CaptionConfig& config, const std::string& model, const std::filesystem::path& folder,
                 Outputs& outputs, Journal* journal, Progress::Count count)
    : single_(is_single_image(config.inputs)),
      output_is_terminal_(outputs.records.is_terminal()),
      journal_(journal),
      before_(journal_ != nullptr ? journal_->summary() : BatchSummary()),
      progress_(!config.quiet && config.log_format == LogFormat::text && !single_ && can_show_progress()
                    ? stderr
                    : nullptr,
                std::move(count), before_.captioned + before_.failed) {
  progress_.add_failed(before_.failed);
  const RecordStyle style = {config.format,
                             model,
                             config.batch.decode.n_best > 1,
                             !single_,
                             use_color(config.color, outputs.records),
                             config.batch.decode.rerank == Rerank::clip};
  add(outputs.records, make_writer(style, outputs.records));
  if (outputs.failed) {
    add(*outputs.failed, make_failed_list(config.inputs.null_separated ? '\0' : '\n', config.doubtful,
                                          *outputs.failed, left_out_of_failed));
  }
  if (outputs.html) {
    const ModelTerms terms = read_model_terms(folder);
    const PageFoot foot = {program_version(), terms.origin, terms.license};
    add(*outputs.html, make_html_report({*config.html, model, config.batch.decode, foot}, *outputs.html));
  }
}

void Results::add(Output& output, std::unique_ptr<RecordWriter> writer) {
  sinks_.push_back({output, std::move(writer)});
}

void Results::begin(const Journal::Facts& facts) {
  if (journal_ != nullptr) journal_->begin(facts);
  for (const Sink& sink : sinks_) sink.output.clear();
  for (const Sink& sink : sinks_) sink.writer->begin();
  if (journal_ != nullptr) journal_->start(ends());
}

void Results::resume(const std::filesystem::path& kept_file) {
  kept_file_ = kept_file;
  kept_ = KeptRecords::open(kept_file, journal_->done());
  for (std::size_t i = 0; i < sinks_.size(); ++i) sinks_[i].output.cut(journal_->ends().at(i));
  for (const Sink& sink : sinks_) sink.writer->resume(before_);
  write_kept();
}

void Results::write_kept() {
  while (kept_ && journal_->done() >= kept_->first()) {
    std::optional<KeptRecords::Entry> entry = kept_->next();
    if (!entry) {
      kept_.reset();
      std::error_code ignored;
      std::filesystem::remove(kept_file_, ignored);
    }
    if (!entry || entry->again()) return;
    for (std::size_t i = 0; i < sinks_.size(); ++i) sinks_[i].output.write(entry->parts.at(i));
    entry->input.ends = ends();
    journal_->add(entry->input);
    ++before_.captioned;
    progress_.add_done_before();
  }
}

void Results::take(const Record& record) {
  if (record.error || output_is_terminal_) progress_.clear();
  if (own_files_ != nullptr) own_files_->write(record);
  for (const Sink& sink : sinks_) sink.writer->write(record);
  if (journal_ != nullptr) journal_->add({record.image, record.error.has_value(), record.state, ends()});
  watch(record);
  if (record.error) log::error(printable(record.error->what()));
  if (record.error) progress_.add_failed();
  progress_.advance();
  write_kept();
}

ExitStatus Results::finish(BatchSummary summary) {
  summary.captioned += before_.captioned;
  summary.failed += before_.failed;
  progress_.clear();
  if (own_files_ != nullptr) own_files_->finish(summary);
  // A run that goes on with this one finds them again.
  if (left_out_ != nullptr && !summary.interrupted) left_out_->write(sinks_.front().output);
  for (const Sink& sink : sinks_) {
    sink.writer->finish(summary);
    sink.output.close();
  }
  say_what_was_seen();
  const std::string failed = std::to_string(summary.failed);
  if (summary.interrupted) {
    log::info("interrupted: " + std::to_string(summary.captioned) + " captioned, " + failed +
              " failed, the rest not tried");
    if (kept_)
      log::info("'" + kept_file_.string() + "' has the records behind these: the same command goes on");
    return ExitStatus::interrupted;
  }
  if (summary.failed == 0) return ExitStatus::success;
  if (!single_) {
    log::warning(failed + " of " + std::to_string(summary.captioned + summary.failed) + " images failed");
  }
  return ExitStatus::some_failed;
}

void Results::watch(const Record& record) {
  if (record.error) return;
  const Caption& best = record.captions.at(0);
  if (captions_ == 0) first_caption_ = best.text;
  all_the_same_ = all_the_same_ && best.text == first_caption_;
  ++captions_;
  if (best.text.empty()) ++empty_;
  if (best.only_prompt) ++only_prompt_;
  if (best.repetition) ++repetitions_;
}

void Results::say_what_was_seen() const {
  constexpr std::size_t kMany = 10;  // different pictures whose captions are never all the same by chance
  const std::string all = " of " + std::to_string(captions_) + " captions ";
  if (empty_ > 0) log::warning(std::to_string(empty_) + all + (empty_ == 1 ? "is" : "are") + " empty");
  if (only_prompt_ > 0) {
    log::warning(std::to_string(only_prompt_) + all + (only_prompt_ == 1 ? "is" : "are") +
                 " nothing but the prompt");
  }
  if (repetitions_ > 0) {
    log::warning(std::to_string(repetitions_) + all +
                 (repetitions_ == 1 ? "repeats itself" : "repeat themselves") +
                 ": --no-repeat-ngram 3 prevents that");
  }
  if (captions_ >= kMany && all_the_same_ && empty_ == 0) {
    log::warning("all " + std::to_string(captions_) + " captions are the same, '" +
                 printable(first_caption_) +
                 "': unless the pictures are, the model may be damaged, or not fit its encoder");
  }
}

Journal::Ends Results::ends() const {
  Journal::Ends ends;
  for (const Sink& sink : sinks_) ends.push_back(sink.output.position());
  return ends;
}

}  // namespace caption::cli
