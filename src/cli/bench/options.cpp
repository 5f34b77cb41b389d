#include "cli/bench/options.h"

#include "cli/decode_flags.h"
#include "cli/input_flags.h"
#include "cli/model_flags.h"
#include "cli/parser.h"

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

using Options = BenchmarkOptions;

Flags<Options> batch_flags() {
  return {number("--batch", &Options::batch, {1, kMostBenchmarkBatch},
                 "Images that go through the model together")};
}

Flags<Options> length_flags() {
  return {number("--tokens", &Options::tokens, {1, 100000},
                 "Tokens of every caption; at most what the model has positions for")};
}

Flags<Options> measurement_flags() {
  return {
      number("--repeat", &Options::repeat, {1, kMostRounds}, "Rounds that are measured"),
      on("--no-peaks", &Options::peaks, "Leave out what the machine can do at most", false),
  };
}

Flags<BenchConfig> output_flags() {
  return {
      on("--json", &BenchConfig::json, "One JSON object instead of the table"),
      on("--quiet", &BenchConfig::quiet, "No notes, only errors"),
  };
}

}  // namespace

Parsed<BenchConfig> parse_bench(const std::vector<std::string>& arguments) {
  BenchConfig config;
  config.model_options.device = "cpu";  // whose peaks and memory these are
  Parser parser({"caption bench", "how long each stage of captioning takes", kUsage, kFooter});
  parser.take_inputs();
  parser.add("Inputs", pick(input_flags(), {"--recursive"}), config.inputs);
  parser.add("Inputs", image_flags(), config.benchmark.image);
  parser.add("Model", model_name_flags<BenchConfig>(), config);
  parser.add("Model", pick(model_flags(), {"--precision", "--threads"}), config.model_options);
  parser.add("Model", batch_flags(), config.benchmark);
  parser.add("Captions", pick(decode_flags(), {"--beam"}), config.benchmark.decode);
  parser.add("Captions", length_flags(), config.benchmark);
  parser.add("Measurement", measurement_flags(), config.benchmark);
  parser.add("Output", output_flags(), config);
  parser.take_settings();
  if (auto help = parser.parse(arguments)) return PrintHelp{*help};

  config.inputs.names = parser.inputs();
  config.inputs.advice = input_advice();
  config.inputs.patterns.drawings = config.benchmark.image.svg;
  for (const std::string& name : config.inputs.names) {
    parser.require(!name.empty(), "an INPUT is empty");
    parser.require(name != "-", "'-' is standard input, but caption bench takes files and folders");
  }
  parser.check();
  return config;
}

}  // namespace caption::cli
