#include "cli/bench/options.h"

#include <algorithm>

#include "caption/error.h"
#include "cli/parser.h"
#include "cli/shared_options.h"

namespace caption::cli {
namespace {

constexpr const char* kUsage =
    "  caption bench [OPTION]... [INPUT]...\n"
    "\n"
    "INPUT is an image file or a folder: its image files, sorted by name. Without any, it\n"
    "takes as many of the example pictures as a batch has. Images go through the model as\n"
    "they do for captions, stage by stage, and each stage's time is taken.\n";

constexpr const char* kFooter = R"(Stages:
  decode   a file's bytes to RGB (they are in memory before)
  resize   RGB to the square of normalised pixels that the model sees
  encode   pixels to CLIP's embedding
  map      embedding to GPT-2's prefix
  prefill  the prefix through GPT-2: scores of the first token
  step     all decoding steps: scores of the tokens after it
  search   the choice of tokens, outside of the model
  write    token ids to text, and a record as a line of JSON, written to /dev/null
  One after the other, in one run: 'caption' itself also reads images beside the model,
  and a GPU resizes most of them there.
  "caption" is encode to search, "all" every stage. Loading the model is not among them:
  it happens once.

What is counted:
  One round that is not measured fills caches and wakes threads. Then come --repeat
  rounds, each with all images; the last batch is filled from the first image on. Times
  are per image: the median of the rounds, the least and the most.
  Every caption has exactly --tokens tokens: none ends at its stop token.
  read      bytes from memory, at least: the weights as they are kept (4, 2 or 1 byte
            each, and padding), once per matrix product and batch, and the keys and values
            that each row of a decoding step looks at; not the activations
  GFLOP     matrix products and attention, a multiply-add is two
  of peak   beside GB/s: by what this machine reads from memory at most, measured with
            the same threads; above 100% if weights stay in a cache. Beside GFLOP/s: by
            its multiply-adds in registers, in the type that each product is in.
  int8 multiplies 16-bit activations in two halves after the encoder, so there it cannot
  pass 50%. Memory is the process's: its peak with mapped files, and what of it is none.

Examples:
  caption bench
  caption bench photo.jpg --beam 1 --precision int8
  caption bench photos/ --batch 16 --repeat 3
  caption bench --json | jq '.stages[] | {name, ms: .ms_per_image.median}'
  caption ./bench                               an image of this name
)";

void add_options(CLI::App& app, BenchConfig& config) {
  BenchmarkOptions& benchmark = config.benchmark;
  app.add_flag("-r,--recursive", config.inputs.recursive, "Look into the folders' subfolders, too")
      ->group("Inputs");
  add_max_megapixels(app, benchmark.image);
  add_model_name(app, config.model);
  add_arithmetic(app, config.model_options);
  add_number(app, "--batch", benchmark.batch, {1, kMostBenchmarkBatch},
             "Images that go through the model together")
      ->group("Model");
  add_beam(app, benchmark.decode);
  add_number(app, "--tokens", benchmark.tokens, {1, 100000},
             "Tokens of every caption; at most what the model has positions for")
      ->group("Captions");
  add_number(app, "--repeat", benchmark.repeat, {1, kMostRounds}, "Rounds that are measured")
      ->group("Measurement");
  app.add_flag("!--no-peaks", benchmark.peaks, "Leave out what the machine can do at most")
      ->group("Measurement");
  app.add_flag("--json", config.json, "One JSON object instead of the table")->group("Output");
  app.add_flag("--quiet", config.quiet, "No notes, only errors")->group("Output");
}

}  // namespace

Parsed<BenchConfig> parse_bench(const std::vector<std::string>& arguments) {
  BenchConfig config;
  config.model_options.device = "cpu";  // whose peaks and memory these are
  const auto app = make_app("caption bench - how long each stage of captioning takes", kUsage);
  app->allow_extras();
  app->footer(kFooter);
  add_options(*app, config);
  if (auto help = parse(*app, "caption bench", arguments)) return PrintHelp{*help};

  config.inputs.advice.recursive = "; add -r to look into its subfolders";
  config.inputs.names = other_arguments(*app, "caption bench");
  for (const std::string& name : config.inputs.names) {
    if (name.empty()) throw Error(ErrorKind::usage, "an INPUT is empty; see 'caption bench --help'");
    if (name == "-") {
      throw Error(ErrorKind::usage,
                  "'-' is standard input, but caption bench takes files and folders; see 'caption bench "
                  "--help'");
    }
  }
  return config;
}

}  // namespace caption::cli
