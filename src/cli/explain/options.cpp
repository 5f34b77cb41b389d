#include "cli/explain/options.h"

#include "caption/error.h"
#include "cli/parser.h"
#include "cli/shared_options.h"

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
  --png   one sheet: the picture, then a tile for each word
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

void require(bool condition, const std::string& message) {
  if (!condition) throw Error(ErrorKind::usage, message + "; see 'caption explain --help'");
}

struct Given {
  CLI::Option* beam = nullptr;
  CLI::Option* max_tokens = nullptr;
  CLI::Option* text = nullptr;
};

void add_options(CLI::App& app, ExplainConfig& config, Given& given) {
  ExplainOptions& explanation = config.explanation;
  add_max_megapixels(app, config.image_options);
  add_model_options(app, config.model, config.model_options);
  add_number(app, "--batch", explanation.batch, {1, kMostVersions},
             "Versions of the picture that go through the model together at most. The result does not depend "
             "on it")
      ->group("Model");
  given.beam = add_beam(app, config.decode);
  given.max_tokens = add_max_tokens(app, config.decode);
  given.text = app.add_option("--caption", explanation.text,
                              "Explain TEXT instead of the model's own caption; end it like one")
                   ->type_name("TEXT")
                   ->group("Captions");
  add_number(app, "--top", explanation.alternatives, {0, kMostAlternatives},
             "Other tokens to list for each place in the caption, the likeliest")
      ->group("Explanation");
  add_number(app, "--grid", explanation.grid, {0, kHighestGrid},
             "Cells of a heat map, across and down; time grows with the square. 0: one per 32 pixels of the "
             "model's picture, 7 to 12")
      ->group("Explanation");
  app.add_flag("--json", config.json, "One JSON object instead of the table")->group("Output");
  add_name(app, "--html", config.html, "FILE", "Also write a page with a heat map for each word")
      ->group("Output");
  add_name(app, "--png", config.png, "FILE", "Also write a picture with a heat map for each word")
      ->group("Output");
  app.add_flag("--quiet", config.quiet, "No notes, only errors")->group("Output");
}

void check(const ExplainConfig& config, const Given& given) {
  check_device(config.model_options.device, "caption explain");
  if (given.text->count() > 0) {
    require(given.beam->count() == 0, "--beam searches a caption: it does not go with --caption");
    require(given.max_tokens->count() == 0, "--max-tokens ends a search: it does not go with --caption");
    require(!config.explanation.text->empty(), "--caption needs a text, which cannot be empty");
  }
  require(config.html != "-", "--html needs a file; the table goes to standard output");
  require(config.png != "-", "--png needs a file; the table goes to standard output");
}

}  // namespace

Parsed<ExplainConfig> parse_explain(const std::vector<std::string>& arguments) {
  ExplainConfig config;
  Given given;
  const auto app = make_app("caption explain - where the words of a caption come from", kUsage);
  app->allow_extras();
  app->footer(kFooter);
  add_options(*app, config, given);
  if (auto help = parse(*app, "caption explain", arguments)) return PrintHelp{*help};

  const std::vector<std::string> names = other_arguments(*app, "caption explain");
  require(!names.empty(), "no input: name an image, or '-' for an image on standard input");
  require(names.size() == 1,
          "one image at a time: '" + names.front() + "' and '" + names.at(names.size() > 1 ? 1 : 0) + "'");
  config.image = names.front();
  require(!config.image.empty(), "the name of the IMAGE is empty");
  check(config, given);
  return config;
}

}  // namespace caption::cli
