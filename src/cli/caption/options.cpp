#include "cli/caption/options.h"

#include <algorithm>

#include "cli/batch_flags.h"
#include "cli/caption/help_text.h"
#include "cli/caption/own_file_flags.h"
#include "cli/decode_flags.h"
#include "cli/input_flags.h"
#include "cli/model_flags.h"
#include "cli/parser.h"
#include "cli/word_flags.h"
#include "embeddings/embedding.h"
#include "pages/html_report.h"

namespace caption::cli {
namespace {

/// Options whose values are not kept as they are.
struct Extra {
  bool json = false;
  std::string resume;
  bool version = false;
};

const std::vector<std::pair<std::string, RecordFormat>>& formats() {
  static const std::vector<std::pair<std::string, RecordFormat>> all = {{"text", RecordFormat::text},
                                                                        {"jsonl", RecordFormat::jsonl},
                                                                        {"csv", RecordFormat::csv},
                                                                        {"csv-safe", RecordFormat::csv_safe}};
  return all;
}

Flags<CaptionConfig> format_flags() {
  return {
      choice("--format", &CaptionConfig::format, "FORMAT", formats(), "How records are written, see below")};
}

/// An option's file that must be one: standard output is taken.
Flag<CaptionConfig>::Check no_standard_output(const std::string& option,
                                              std::optional<std::filesystem::path> CaptionConfig::*file) {
  return [=](const CaptionConfig& config) -> std::string {
    return config.*file == "-" ? option + " needs a file; captions go to standard output" : "";
  };
}

Flags<CaptionConfig> output_flags() {
  return {
      name("--output", &CaptionConfig::output, "FILE",
           "Write the records to FILE, replacing its contents; - is standard output"),
      name("--failed", &CaptionConfig::failed, "FILE",
           "Write the failed inputs' names to FILE, for --files-from")
          .check(no_standard_output("--failed", &CaptionConfig::failed)),
      on("--doubtful", &CaptionConfig::doubtful,
         "In the FILE of --failed, also those whose caption is empty, unsure or was cut, or has flags")
          .needs({"--failed"}, "--doubtful is about the list of --failed: add --failed FILE"),
      name("--html", &CaptionConfig::html, "FILE",
           "Write a report to FILE, too: one page for a browser, with small pictures, captions and scores")
          .check(no_standard_output("--html", &CaptionConfig::html)),
      on("--left-out", &CaptionConfig::left_out,
         "In jsonl, behind the records of all images, one for each picture, video and folder that was left "
         "out "
         "of a folder, which says why"),
      choice("--color", &CaptionConfig::color, "WHEN",
             {{"auto", Color::automatic}, {"always", Color::always}, {"never", Color::never}},
             "Colour the names in text; auto: on a terminal"),
      on("--quiet", &CaptionConfig::quiet, "No progress, notes or warnings, only errors"),
      on("-v,--verbose", &CaptionConfig::verbose,
         "Say more: which model runs and how, each name that is left out of a folder and why, and how long "
         "it "
         "took. With --version: the libraries' versions")
          .excludes({"--quiet"}, "--quiet does not go with --verbose"),
      choice("--log-format", &CaptionConfig::log_format, "FORMAT",
             {{"text", LogFormat::text}, {"json", LogFormat::json}},
             "How messages on standard error are written; json: an object per line, with \"time\", \"level\" "
             "and \"message\", and no progress"),
  };
}

Flags<Extra> resume_flags() {
  return {on_or("--resume", &Extra::resume,
                "Go on where an earlier run of this command ended, even if it was killed: FILE.resume, "
                "beside the FILE of "
                "--output, says how far it is. Refused if the model, a setting, the program or the inputs "
                "are others; "
                "--resume=force goes on all the same, with the inputs that are not done",
                {"force"})
              .excludes(
                  {"--sidecar"},
                  "--resume does not go with --sidecar, which goes on by itself: it leaves out what has its "
                  "sidecar (--existing skip)")
              .needs({"--output"}, "--resume goes on with a file: add --output FILE")
              .check([](const Extra& extra) -> std::string {
                const bool known = extra.resume.empty() || extra.resume == "true" || extra.resume == "force";
                return known ? "" : "--resume takes no value but force, not '" + extra.resume + "'";
              })};
}

Flags<CaptionConfig> retry_flags() {
  return {on("--retry-failed", &CaptionConfig::retry_failed,
             "With --resume: caption again what failed before and pictures whose files have changed since, "
             "each in its place")
              .needs({"--resume"}, "--retry-failed is for runs that go on: add --resume")};
}

Flags<CaptionConfig> embedding_flags() {
  const std::string what = "--from-embeddings is instead of pictures: it does not go with ";
  Flag<CaptionConfig> flag =
      name("--from-embeddings", &CaptionConfig::embeddings, "FILE",
           "Caption the embeddings of FILE, which 'caption embed' wrote, instead of pictures");
  for (const char* const other :
       {"--files-from", "--recursive", "--shard", "--include", "--exclude", "--sidecar", "--write-metadata",
        "--html", "--retry-failed", "--watch", "--output-tar"})
    flag = std::move(flag).excludes({other}, what + other);
  return {flag};
}

void add_flags(Parser& parser, CaptionConfig& config, Extra& extra) {
  parser.add("Inputs", input_flags(), config.inputs);
  parser.add("Inputs", pattern_flags(), config.inputs.patterns);
  parser.add("Inputs", embedding_flags(), config);
  parser.add("Inputs", image_flags(), config.batch.image);
  parser.add("Model", model_name_flags<CaptionConfig>(), config);
  parser.add("Model", model_flags(), config.model_options);
  parser.add("Model", batch_flags(), config.batch.sizes);
  parser.add("Captions", decode_flags(), config.batch.decode);
  parser.add("Captions", rerank_flags(), config.batch.decode);
  parser.add("Words", word_flags(), config.batch.decode);
  parser.add("Output", format_flags(), config);
  parser.add("Output",
             Flags<Extra>{on("--json", &Extra::json, "Short for --format jsonl")
                              .excludes({"--format"},
                                        "--json is --format jsonl: it does not go with another --format")},
             extra);
  parser.add("Output", output_flags(), config);
  parser.add("Output", resume_flags(), extra);
  parser.add("Output", retry_flags(), config);
  parser.add("Sidecars", sidecar_flags(), config.sidecars);
  parser.add("Metadata", metadata_flags(), config.metadata);
  parser.add("Archives", tar_flags(), config);
  parser.take_settings();
  parser.add("Other", Flags<Extra>{on("--version", &Extra::version, "Show the version and exit")}, extra);
}

void check_inputs(const InputOptions& inputs, Resume resume, const Parser& parser) {
  parser.require(!inputs.names.empty() || inputs.files_from,
                 "no input: name an image, a folder, or '-' for an image on standard input");
  const auto on_stdin =
      std::count(inputs.names.begin(), inputs.names.end(), "-") + (inputs.files_from == "-" ? 1 : 0);
  parser.require(on_stdin <= 1, "standard input can be read once: '-' stands for more than one input");
  const bool any_on_stdin = std::find(inputs.names.begin(), inputs.names.end(), "-") != inputs.names.end();
  const bool picture_on_stdin = any_on_stdin && !inputs.tars;
  parser.require(
      !picture_on_stdin || !parser.given("--output-tar"),
      "a picture on standard input ('-') has no name for --output-tar; if it is an archive, add --tar");
  parser.require(resume == Resume::no || !any_on_stdin,
                 "--resume may read an input again, and standard input ('-') can be read once");
  parser.require(!picture_on_stdin || !parser.given("--sidecar"),
                 "a picture on standard input ('-') has no place for a sidecar beside it");
  parser.require(!picture_on_stdin || !parser.given("--write-metadata"),
                 "the metadata of a picture on standard input ('-') cannot be written");
  const auto is_folder = [](const std::string& name) { return std::filesystem::is_directory(name); };
  parser.require(!inputs.watch || std::any_of(inputs.names.begin(), inputs.names.end(), is_folder),
                 "--watch waits for what arrives in folders: no INPUT is one");
  parser.require(std::find(inputs.names.begin(), inputs.names.end(), "") == inputs.names.end(),
                 "an INPUT is empty");
}

}  // namespace

std::string format_name(RecordFormat format) {
  const auto found = std::find_if(formats().begin(), formats().end(),
                                  [&](const auto& entry) { return entry.second == format; });
  return found->first;
}

std::variant<CaptionConfig, PrintHelp, PrintVersion> parse_caption(
    const std::vector<std::string>& arguments) {
  CaptionConfig config;
  Extra extra;
  Parser parser({"caption", "writes captions of images", usage_text(), help_footer()});
  parser.take_inputs();
  add_flags(parser, config, extra);
  if (std::optional<HelpPage> help = parser.parse(arguments)) return PrintHelp{*help};

  config.inputs.names = parser.inputs();
  if (extra.version) return PrintVersion{config.verbose};
  parser.check();
  if (extra.json) config.format = RecordFormat::jsonl;
  if (!extra.resume.empty()) config.resume = extra.resume == "force" ? Resume::force : Resume::yes;
  parser.require(!config.left_out || config.format == RecordFormat::jsonl,
                 "--left-out is about records: add --json");
  parser.require(config.output_tar != "-" || config.output != "-",
                 "--output and --output-tar are both standard output");
  // A device, so that nothing is made that was not asked for.
  if (config.output_tar == "-" && !config.output) config.output = "/dev/null";
  if (config.output_tar) config.inputs.tar_contents = TarContents::samples;
  if (config.embeddings) {
    parser.require(config.inputs.names.empty(),
                   "--from-embeddings is instead of pictures: no INPUT goes with it");
    embedding_format(*config.embeddings);
    config.batch.image.embedding = true;
  } else {
    check_inputs(config.inputs, config.resume, parser);
  }
  if (config.output == "-") config.output.reset();
  parser.require(config.resume == Resume::no || config.output,
                 "--resume goes on with a file: --output is standard output");
  parser.require(!config.metadata.write || config.sidecars.existing != Existing::append,
                 "--existing append is for --sidecar txt: a picture has one description");
  parser.require(
      !config.inputs.watch || !config.metadata.write || config.sidecars.existing != Existing::overwrite,
      "--watch with --write-metadata cannot overwrite: it would take its own files for new ones");
  parser.require(!config.inputs.watch || !config.sidecars.dry_run,
                 "--dry-run says what a run would do that ends: leave out --watch");
  if (config.html) config.batch.image.thumbnail = kReportThumbnail;
  config.inputs.advice = input_advice();
  config.inputs.patterns.drawings = config.batch.image.svg;
  config.batch.readers = reader_threads(config.model_options.threads);
  return config;
}

}  // namespace caption::cli
