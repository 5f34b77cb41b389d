#include "cli/caption/options.h"

#include <algorithm>
#include <limits>
#include <thread>

#include "caption/error.h"
#include "cli/parser.h"
#include "cli/shared_options.h"
#include "inputs/image_names.h"
#include "pages/html_report.h"

namespace caption::cli {
namespace {

constexpr const char* kDescription = "caption - writes captions of images";

std::string usage() {
  return "  caption [OPTION]... INPUT...\n"
         "  caption explain [OPTION]... IMAGE             (see 'caption explain --help')\n"
         "  caption bench [OPTION]... [INPUT]...          (see 'caption bench --help')\n"
         "  caption doctor [OPTION]...                    (see 'caption doctor --help')\n"
         "  caption models COMMAND ...                    (see 'caption models --help')\n"
         "\n"
         "INPUT is an image file, '-' for one image's bytes on standard input, or a folder:\n"
         "its image files, sorted by name, without hidden ones. Image files in folders end\n"
         "in " +
         image_extensions_text() +
         ".\n"
         "\n"
         "One image: its caption alone. Several, or a folder: a line NAME<TAB>CAPTION each.\n"
         "Captions go to standard output, everything else to standard error. A bad image is\n"
         "reported, and the others go on.\n";
}

constexpr const char* kFooter = R"(Records:
  jsonl: one object per input, in the order of the inputs, written at once:
    {"image", "caption", "score", "mean_logprob", "model"}, with --n-best also
    "captions": [{"caption", "score", "mean_logprob"}], best first; an image that
    failed has "error": {"code", "message"} instead of a caption, where code is
    not_found, unreadable, unsupported_format, corrupt or too_large.
  csv: RFC 4180 with a header; one row per caption, numbered by "rank".
  score is the sum of the tokens' log-probabilities, mean_logprob their mean.
  In jsonl, bytes of a name that are no UTF-8 become U+FFFD (csv, text and
  --failed keep them). In text, control characters of names appear as \n, \xNN.

Exit status:
  0    every image has a caption
  1    some images failed
  2    the command line is wrong
  3    the model, the output or the program failed
  130  interrupted: the first Ctrl-C finishes the images in work, a second kills

Environment:
  CAPTION_MODELS  folders, separated by ':', that are searched first for models
  XDG_DATA_HOME   your own models are in its caption/models (~/.local/share)
  NO_COLOR        if set, --color auto never colours

Examples:
  caption photo.jpg
  caption --model conceptual --beam 5 photo.jpg
  caption -r photos/ --json --output captions.jsonl --failed failed.txt
  caption --files-from failed.txt --json        the failed ones again
  caption photos/ --n-best 3 --html report.html a page to look through
  curl -s https://example.org/a.jpg | caption -
  find . -name '*.png' -print0 | caption --files-from - -0 --format csv
  caption --json --n-best 3 a.jpg | jq -r '.captions[].caption'
  caption --sample --top-p 0.9 --seed 7 --n-best 5 photo.jpg
  caption explain photo.jpg --html why.html     where each word comes from
  caption bench                                 how long each stage takes here
  caption doctor                                whether all is well on this machine
  caption ./models                              a folder of this name
)";

/// The parser's view of a CaptionConfig: options that only make sense together.
struct Given {
  CLI::Option* beam = nullptr;
  CLI::Option* n_best = nullptr;
  CLI::Option* format = nullptr;
  CLI::Option* top_k = nullptr;
  CLI::Option* top_p = nullptr;
  CLI::Option* seed = nullptr;
  CLI::Option* length_penalty = nullptr;
  bool json = false;
  bool version = false;
  bool verbose = false;
};

void add_inputs(CLI::App& app, CaptionConfig& config) {
  app.add_flag("-r,--recursive", config.inputs.recursive, "Look into the folders' subfolders, too")
      ->group("Inputs");
  add_name(app, "--files-from", config.inputs.files_from, "FILE",
           "Read more inputs from FILE, one a line; - is standard input")
      ->group("Inputs");
  app.add_flag("-0,--null", config.inputs.null_separated,
               "The names of --files-from and --failed end with a NUL byte instead of a newline")
      ->group("Inputs");
  add_max_megapixels(app, config.batch.image);
}

void add_model(CLI::App& app, CaptionConfig& config) {
  add_model_options(app, config.model, config.model_options);
  StreamOptions& sizes = config.batch.sizes;
  add_number(
      app, "--batch", sizes.decode_batch, {1, kMostImagesTogether},
      "Images whose captions are written together at most: more are faster and take more memory. On the "
      "CPU, captions do not depend on it")
      ->group("Model");
  add_number(app, "--encode-batch", sizes.encode_batch, {1, kMostImagesTogether},
             "Images that the image encoder takes together at most")
      ->group("Model");
}

void add_search(CLI::App& app, CaptionConfig& config, Given& given) {
  DecodeOptions& decode = config.batch.decode;
  given.beam = add_beam(app, decode);
  given.n_best = add_number(app, "--n-best", decode.n_best, {1, kMostHypotheses},
                            "Captions per image, best first; at most the beam")
                     ->group("Captions");
  add_max_tokens(app, decode);
  given.length_penalty =
      add_number(
          app, "--length-penalty", decode.length_penalty, {0.0, kHighestLengthPenalty},
          "Beams are ranked by log-probability / length^X: below 1 favours short captions, above 1 long ones")
          ->group("Captions");
  add_number(app, "--temperature", decode.temperature, {kLowestTemperature, kHighestTemperature},
             "Divides the model's scores: below 1 sharpens, above 1 flattens")
      ->group("Captions");
  app.add_flag("--sample", decode.sample, "Draw tokens at random instead of searching")->group("Captions");
  given.top_k = add_number(app, "--top-k", decode.top_k, {0, 1000000},
                           "With --sample: keep the N likeliest tokens; 0 keeps all")
                    ->group("Captions");
  given.top_p = add_number(app, "--top-p", decode.top_p, {0.0, 1.0, true},
                           "With --sample: keep the likeliest tokens that together have probability X")
                    ->group("Captions");
  given.seed =
      add_number(app, "--seed", decode.seed, {std::uint64_t{0}, std::numeric_limits<std::uint64_t>::max()},
                 "With --sample: the same seed gives the same captions")
          ->group("Captions");
}

void add_output(CLI::App& app, CaptionConfig& config, Given& given) {
  given.format =
      add_choice<RecordFormat>(
          app, "--format", config.format, "FORMAT",
          {{"text", RecordFormat::text}, {"jsonl", RecordFormat::jsonl}, {"csv", RecordFormat::csv}},
          "How records are written, see below")
          ->group("Output");
  app.add_flag("--json", given.json, "Short for --format jsonl")->group("Output");
  add_name(app, "--output", config.output, "FILE",
           "Write the records to FILE, over what it held; - is standard output")
      ->group("Output");
  add_name(app, "--failed", config.failed, "FILE", "Write the failed inputs' names to FILE, for --files-from")
      ->group("Output");
  add_name(app, "--html", config.html, "FILE",
           "Write a report to FILE, too: one page for a browser, with small pictures, captions and scores")
      ->group("Output");
  add_choice<Color>(app, "--color", config.color, "WHEN",
                    {{"auto", Color::automatic}, {"always", Color::always}, {"never", Color::never}},
                    "Colour the names in text; auto: on a terminal")
      ->group("Output");
  app.add_flag("--quiet", config.quiet, "No progress, notes or warnings, only errors")->group("Output");
}

void require(bool condition, const std::string& message) {
  if (!condition) throw Error(ErrorKind::usage, message + "; see 'caption --help'");
}

void check_decoding(const DecodeOptions& decode, const Given& given) {
  if (decode.sample) {
    require(given.beam->count() == 0, "--beam does not go with --sample, which does not search");
    require(given.length_penalty->count() == 0, "--length-penalty ranks beams: it does not go with --sample");
    return;
  }
  for (const CLI::Option* option : {given.top_k, given.top_p, given.seed}) {
    require(option->count() == 0, option->get_name() + " is for sampling: add --sample");
  }
  const std::string n_best = std::to_string(decode.n_best);
  require(decode.n_best <= decode.beam, "--n-best " + n_best + " needs a --beam of at least " + n_best +
                                            ", not " + std::to_string(decode.beam) + ", or --sample");
}

void check_inputs(const CaptionConfig& config) {
  const InputOptions& inputs = config.inputs;
  require(!inputs.names.empty() || inputs.files_from,
          "no input: name an image, a folder, or '-' for an image on standard input");
  const auto on_stdin =
      std::count(inputs.names.begin(), inputs.names.end(), "-") + (inputs.files_from == "-" ? 1 : 0);
  require(on_stdin <= 1, "standard input can be read once: '-' stands for more than one input");
  require(std::find(inputs.names.begin(), inputs.names.end(), "") == inputs.names.end(), "an INPUT is empty");
  require(!inputs.null_separated || inputs.files_from || config.failed,
          "--null is for --files-from and --failed");
}

/// Threads that decode images: as many as compute, but more than four would only wait for the model.
int reader_threads(int threads) {
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  return std::clamp(threads > 0 ? threads : cores, 1, 4);
}

}  // namespace

std::variant<CaptionConfig, PrintHelp, PrintVersion> parse_caption(
    const std::vector<std::string>& arguments) {
  CaptionConfig config;
  Given given;
  const std::unique_ptr<CLI::App> app = make_app(kDescription, usage());
  app->allow_extras();
  app->footer(kFooter);
  add_inputs(*app, config);
  add_model(*app, config);
  add_search(*app, config, given);
  add_output(*app, config, given);
  app->add_flag("--version", given.version, "Show the version and exit")->group("Other");
  app->add_flag("--verbose", given.verbose, "With --version: the libraries' versions, too")->group("Other");
  if (std::optional<std::string> help = parse(*app, "caption", arguments)) return PrintHelp{*help};

  config.inputs.advice = {" of --files-from", ": add --null (-0)", "; add -r to look into its subfolders"};
  config.inputs.names = other_arguments(*app, "caption");
  if (given.version) return PrintVersion{given.verbose};
  require(!given.verbose, "--verbose is for --version");
  require(!given.json || given.format->count() == 0 || config.format == RecordFormat::jsonl,
          "--json is --format jsonl: it does not go with another --format");
  if (given.json) config.format = RecordFormat::jsonl;
  check_inputs(config);
  check_device(config.model_options.device, "caption");
  check_decoding(config.batch.decode, given);
  if (config.output == "-") config.output.reset();
  require(config.failed != "-", "--failed needs a file; captions go to standard output");
  require(config.html != "-", "--html needs a file; captions go to standard output");
  if (config.html) config.batch.image.thumbnail = kReportThumbnail;
  config.batch.readers = reader_threads(config.model_options.threads);
  return config;
}

}  // namespace caption::cli
