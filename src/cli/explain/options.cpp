#include "cli/explain/options.h"

#include "cli/decode_flags.h"
#include "cli/model_flags.h"
#include "cli/parser.h"

namespace caption::cli {
namespace {

constexpr const char* kUsage =
    "  caption explain [OPTION]... IMAGE\n"
    "\n"
    "IMAGE is one image file, or '-' for its bytes on standard input. The caption is taken\n"
    "apart: how likely each of its tokens was, what else could have stood there, and which\n"
    "part of the picture each word depends on.\n";

constexpr const char* kFooter = R"(What it shows:
  prob      the token's probability, given the picture and the tokens before it
  rank      1: no token was likelier; beam search may take another for a better whole
  instead   the likeliest other tokens at this place, with their probabilities
  place     where hiding the picture hurts the word most, and by how much

  The map of a word: a square of the picture is painted over with the colours at its
  edges, once around each cell of a grid, and the model reads the same caption again.
  What the word's log-probability (natural logarithm) then loses is the heat of that
  cell: 1 means that the word became 2.7 times less likely, below 0 that it became
  likelier. A square is three cells wide.

What it does not show:
  It is about this model and these words, not about the world: a map says where hiding
  something changes the word, given the words before it. It is no attention map. Words
  like "a" or "of" often have no place. Of two things that tell the same, either can
  be hidden without loss, so both look cold. Nothing finer than a square is seen.

Files:
  --html  one page that needs nothing else: point at a word to see its map
  --png   one sheet: the picture, then a tile for each word. A later run over its folder
          would take it for a picture: write it elsewhere
  Each map has its own scale: from nothing over red and orange to light yellow, the
  word's largest loss or 1 if that is more. Blue is a gain. An existing image is never
  overwritten.

Examples:
  caption explain photo.jpg
  caption explain photo.jpg --html explained.html
  caption explain photo.jpg --png explained.png --grid 14
  caption explain photo.jpg --caption 'A dog on a sofa.'
  caption explain photo.jpg --json | jq '.words[] | {text, logprob}'
  caption ./explain                             an image of this name
)";

Flags<ExplainOptions> text_flags() {
  return {text("--caption", &ExplainOptions::text,
               "Explain TEXT instead of the model's own caption; end it like one")
              .excludes({"--beam"}, "--beam searches a caption: it does not go with --caption")
              .excludes({"--max-tokens"}, "--max-tokens ends a search: it does not go with --caption")
              .excludes({"--min-tokens", "--no-repeat-ngram", "--stop", "--length-penalty"},
                        "--caption gives the caption: what a search goes by does not go with it")
              .check([](const ExplainOptions& options) -> std::string {
                return options.text == "" ? "--caption needs a text, which cannot be empty" : "";
              })};
}

Flags<ExplainOptions> batch_flags() {
  return {number("--batch", &ExplainOptions::batch, {1, kMostVersions},
                 "Versions of the picture that go through the model together at most. The result does not "
                 "depend on it")};
}

Flags<ExplainOptions> explanation_flags() {
  return {
      number("--top", &ExplainOptions::alternatives, {0, kMostAlternatives},
             "Other tokens to list for each place in the caption, the likeliest"),
      number("--grid", &ExplainOptions::grid, {0, kHighestGrid},
             "Cells of a heat map, across and down; time grows with the square. 0: one per 32 pixels of the "
             "model's picture, 7 to 12"),
  };
}

Flags<ExplainConfig> output_flags() {
  return {
      on("--json", &ExplainConfig::json, "One JSON object instead of the table"),
      name("--html", &ExplainConfig::html, "FILE", "Also write a page with a heat map for each word")
          .check([](const ExplainConfig& config) -> std::string {
            return config.html == "-" ? "--html needs a file; the table goes to standard output" : "";
          }),
      name("--png", &ExplainConfig::png, "FILE", "Also write a picture with a heat map for each word")
          .check([](const ExplainConfig& config) -> std::string {
            return config.png == "-" ? "--png needs a file; the table goes to standard output" : "";
          }),
      on("--quiet", &ExplainConfig::quiet, "No notes, only errors"),
  };
}

}  // namespace

Parsed<ExplainConfig> parse_explain(const std::vector<std::string>& arguments) {
  ExplainConfig config;
  Parser parser({"caption explain", "where the words of a caption come from", kUsage, kFooter});
  parser.take_inputs();
  parser.add("Inputs", image_flags(), config.image_options);
  parser.add("Model", model_name_flags<ExplainConfig>(), config);
  parser.add("Model", model_flags(), config.model_options);
  parser.add("Model", batch_flags(), config.explanation);
  parser.add("Captions",
             pick(decode_flags(), {"--beam", "--max-tokens", "--min-tokens", "--no-repeat-ngram", "--stop",
                                   "--length-penalty"}),
             config.decode);
  parser.add("Captions", text_flags(), config.explanation);
  parser.add("Explanation", explanation_flags(), config.explanation);
  parser.add("Output", output_flags(), config);
  parser.take_settings();
  if (auto help = parser.parse(arguments)) return PrintHelp{*help};

  const std::vector<std::string> names = parser.inputs();
  parser.require(!names.empty(), "no input: name an image, or '-' for an image on standard input");
  parser.require(names.size() == 1,
                 "one image at a time: '" + names.front() + "' and '" + names.back() + "'");
  config.image = names.front();
  parser.require(!config.image.empty(), "the name of the IMAGE is empty");
  parser.check();
  return config;
}

}  // namespace caption::cli
