#include "cli/score/options.h"

#include "base/utf8.h"
#include "cli/model_flags.h"
#include "cli/parser.h"
#include "cli/word_list.h"

namespace caption::cli {
namespace {

constexpr const char* kUsage =
    "  caption score [OPTION]... IMAGE TEXT...\n"
    "\n"
    "How likely the model finds each TEXT as a caption of IMAGE, which is an image file or\n"
    "'-' for its bytes on standard input, and how similar CLIP finds the two. '@FILE' is a\n"
    "text for each line of FILE.\n";

constexpr const char* kFooter = R"(What it shows:
  score   the sum of the log-probabilities (natural logarithm) of the text's tokens, each
          given the picture and the tokens before it: 0 is certain
  mean    score by token. Of texts of different lengths the longer ones have lower scores,
          so that means compare better; the model's own captions are found by them
  similarity  the cosine between what CLIP makes of the picture and of the text, of models
          that have CLIP's text side: larger for texts that fit better, whatever the
          language is like
  tokens  how many. End a text as captions end, with a full stop: it counts

  A text is scored as it is written: capital letters and spaces make a difference. These
  are this model's habits of speech, given the picture; they are no measure of truth.
  --device does not matter for CLIP's text side, which runs on the CPU.

--json: a line for each text
  {"image", "text", "score", "mean_logprob", "similarity", "tokens": [{"id", "text",
  "logprob"}], "model"}; "similarity" where the model has CLIP's text side, with
  "similarity_of_beginning": true for a text of more tokens than it takes

Examples:
  caption score photo.jpg 'A cat on a sofa.' 'A dog on a sofa.'
  caption score --tokens photo.jpg 'A cat on a sofa.'
  caption score --json photo.jpg @captions.txt | jq -s 'max_by(.mean_logprob).text'
  caption ./score                               an image of this name
)";

Flags<ScoreConfig> output_flags() {
  return {
      on("--tokens", &ScoreConfig::tokens, "Also show the tokens of each text with their log-probabilities"),
      on("--json", &ScoreConfig::json, "JSON Lines instead of the table"),
      on("--quiet", &ScoreConfig::quiet, "No notes, only errors"),
  };
}

}  // namespace

Parsed<ScoreConfig> parse_score(const std::vector<std::string>& arguments) {
  ScoreConfig config;
  Parser parser({"caption score", "how likely texts are as captions of an image", kUsage, kFooter});
  parser.take_inputs();
  parser.add("Inputs", image_flags(), config.image_options);
  parser.add("Model", model_name_flags<ScoreConfig>(), config);
  parser.add("Model", model_flags(), config.model_options);
  parser.add("Output", output_flags(), config);
  parser.take_settings();
  if (auto help = parser.parse(arguments)) return PrintHelp{*help};

  const std::vector<std::string> inputs = parser.inputs();
  parser.require(!inputs.empty(), "no input: name an image, and the texts behind it");
  parser.require(inputs.size() > 1, "no text: write the texts behind '" + inputs.front() + "'");
  config.image = inputs.front();
  parser.require(!config.image.empty(), "the name of the IMAGE is empty");
  parser.check();
  config.texts = words_of("TEXT", {inputs.begin() + 1, inputs.end()});
  for (const std::string& text : config.texts) {
    parser.require(!text.empty(), "a TEXT is empty");
    parser.require(is_utf8(text), "a TEXT is not UTF-8");
  }
  return config;
}

}  // namespace caption::cli
