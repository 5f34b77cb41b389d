#include "cli/caption/resume.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/log.h"
#include "base/printable.h"
#include "caption/error.h"
#include "cli/caption/results.h"
#include "cli/flag_value.h"
#include "cli/model_flags.h"
#include "cli/version.h"
#include "files/sha256.h"
#include "records/json.h"

namespace caption::cli {
namespace {

namespace fs = std::filesystem;

/// "beam was 5 and is 3", of the first that differs.
std::string difference(const Journal::Facts& before, const Journal::Facts& now) {
  for (const Journal::Facts::value_type& fact : now) {
    const auto old = std::find_if(before.begin(), before.end(),
                                  [&](const auto& candidate) { return candidate.first == fact.first; });
    if (old != before.end() && old->second == fact.second) continue;
    std::string text = fact.first;
    text.append(" was ").append(old == before.end() ? "not known" : old->second);
    return text.append(" and is ").append(fact.second);
  }
  return "";
}

std::size_t hash_of(const std::string& name) {
  return std::hash<std::string>()(name);
}

}  // namespace

fs::path journal_file(const fs::path& output) {
  return output.string() + ".resume";
}

fs::path kept_file(const fs::path& output) {
  return journal_file(output).string() + ".kept";
}

Journal::Facts facts_of(const CaptionConfig& config, const fs::path& folder) {
  const DecodeOptions& decode = config.batch.decode;
  return {
      {"program", program_version()},
      {"model", folder.filename().string()},
      {"the SHA-256 of the model's model.json", file_sha256(folder / "model.json", ErrorKind::model)},
      {"device", config.model_options.device},
      {"precision", precision_name(config.model_options.precision)},
      {"format", format_name(config.format)},
      {"max-megapixels", to_text(config.batch.image.max_megapixels)},
      {"truncated", config.batch.image.accept_truncated ? "accept" : "refuse"},
      {"color-managed", config.batch.image.color_managed ? "on" : "off"},
      {"frame", to_text(config.batch.image.frame)},
      {"svg", config.batch.image.svg ? "on" : "off"},
      {"beam", to_text(decode.beam)},
      {"n-best", to_text(decode.n_best)},
      {"max-tokens", to_text(decode.max_tokens)},
      {"min-tokens", to_text(decode.min_tokens)},
      {"no-repeat-ngram", decode.no_repeat_ngram ? to_text(*decode.no_repeat_ngram) : "the model's"},
      {"repetition-penalty", to_text(decode.repetition_penalty)},
      {"ban", Json(decode.banned).dump()},
      {"require", Json(decode.required).dump()},
      {"beam-groups", to_text(decode.beam_groups)},
      {"diversity-penalty", to_text(decode.diversity_penalty)},
      {"prompt", decode.prompt},
      {"keep-going-past-stop", decode.past_stop ? "on" : "off"},
      {"stop", Json(decode.stop).dump()},
      {"length-penalty", to_text(decode.length_penalty)},
      {"rerank", decode.rerank == Rerank::clip ? "clip" : "no"},
      {"unsure", decode.unsure == Unsure::keep ? "keep" : "plain"},
      {"temperature", to_text(decode.temperature)},
      {"sample", decode.sample ? "on" : "off"},
      {"top-k", to_text(decode.top_k)},
      {"top-p", to_text(decode.top_p)},
      {"seed", to_text(decode.seed)},
      {"from-embeddings", config.embeddings ? config.embeddings->string() : "none"},
      {"doubtful", config.doubtful ? "on" : "off"},
      {"null", config.inputs.null_separated ? "on" : "off"},
  };
}

Resumption::Resumption(const CaptionConfig& config, const Journal::Ends& ends)
    : output_(config.output.value()),
      file_(journal_file(output_)),
      kept_file_(kept_file(output_)),
      files_(files_of(config)),
      force_(config.resume == Resume::force),
      journal_(file_, ends) {
  const bool empty = std::all_of(ends.begin(), ends.end(), [](std::uint64_t end) { return end == 0; });
  if (begun() || empty || !journal_.facts().empty()) return;
  std::error_code ignored;
  fs::remove(file_, ignored);  // which was made by looking
  throw Error(ErrorKind::usage,
              "cannot tell how far the run that wrote '" + output_.string() + "' came: there is no '" +
                  file_.string() +
                  "', which a run with --resume writes beside it. Give another "
                  "--output, or remove what is there",
              output_);
}

void Resumption::agree(const Journal::Facts& facts) {
  if (!begun()) return;
  const std::string changed = difference(journal_.facts(), facts);
  if (changed.empty()) return;
  if (!force_) refuse(changed);
  journal_.change(facts);
}

void Resumption::retry_failed() {
  if (fs::exists(kept_file_)) return;  // of a run that was ended: it goes on
  std::unique_ptr<KeptRecordsWriter> writer;
  std::size_t first = 0;
  std::size_t failed = 0;
  std::size_t changed = 0;
  Journal::Ends begins = journal_.start();
  while (const std::optional<Journal::Entry> entry = journal_.next_done()) {
    const bool is_changed = !entry->failed && entry->state && state_of(entry->image) != entry->state;
    failed += entry->failed ? 1 : 0;
    changed += is_changed ? 1 : 0;
    if (entry->failed || is_changed) {
      if (!writer) writer = std::make_unique<KeptRecordsWriter>(kept_file_, files_, first);
      writer->add_again(*entry);
    } else if (writer) {
      writer->add_kept(*entry, begins);
    } else {
      ++first;
    }
    begins = entry->ends;
  }
  log::info("again: " + std::to_string(failed) + " that failed, " + std::to_string(changed) +
            " whose files have changed");
  if (writer) writer->finish();
  journal_.keep(writer ? first : journal_.done());
}

bool Resumption::pass_over(InputSource source, const std::atomic<bool>& stop) {
  source_ = std::move(source);
  again_ = KeptRecords::open(kept_file_, journal_.done());
  position_ = journal_.done();
  if (force_) {
    while (const std::optional<Journal::Entry> entry = journal_.next_done()) ++done_[hash_of(entry->image)];
    if (const auto others = KeptRecords::open(kept_file_, journal_.done()))
      while (const std::optional<KeptRecords::Entry> entry = others->next())
        ++done_[hash_of(entry->input.image)];
  } else {
    pass_in_order(stop);
  }
  if (!stop) first_ = next(stop);
  return first_.has_value();
}

void Resumption::pass_in_order(const std::atomic<bool>& stop) {
  while (const std::optional<Journal::Entry> entry = journal_.next_done())
    if (!take(entry->image, stop)) return;
}

std::optional<Input> Resumption::take(const std::string& name, const std::atomic<bool>& stop) {
  std::optional<Input> input = source_(stop);
  if (stop) return std::nullopt;
  if (!input) refuse("'" + printable(name) + "' is done and is no longer among the inputs");
  if (input->name != name) {
    refuse("where '" + printable(name) + "' was among the inputs, there is '" + printable(input->name) +
           "' now");
  }
  return input;
}

std::optional<Input> Resumption::next(const std::atomic<bool>& stop) {
  if (first_) return std::exchange(first_, std::nullopt);
  if (again_ && position_ >= again_->first()) {
    if (std::optional<Input> input = next_again(stop)) return input;
    if (stop) return std::nullopt;
    again_.reset();
  }
  while (std::optional<Input> input = source_(stop)) {
    if (take_done(*input)) continue;
    ++position_;
    return input;
  }
  return std::nullopt;
}

std::optional<Input> Resumption::next_again(const std::atomic<bool>& stop) {
  while (const std::optional<KeptRecords::Entry> entry = again_->next()) {
    const std::string& name = entry->input.image;
    std::optional<Input> input = force_ ? Input{name, name, false, {}} : take(name, stop);
    if (!input) return std::nullopt;
    ++position_;
    if (entry->again()) return input;
  }
  return std::nullopt;
}

/// Whether it is done, once for each time that it is.
bool Resumption::take_done(const Input& input) {
  const auto found = done_.find(hash_of(input.name));
  if (found == done_.end()) return false;
  if (--found->second == 0) done_.erase(found);
  return true;
}

void Resumption::refuse(const std::string& what) const {
  throw Error(ErrorKind::usage,
              "cannot go on with '" + output_.string() + "': " + what +
                  ". --resume=force goes on all the same; to begin anew, remove '" + file_.string() +
                  "' and what the run wrote",
              output_);
}

}  // namespace caption::cli
