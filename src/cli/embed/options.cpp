#include "cli/embed/options.h"

#include <string>
#include <utility>

#include "cli/batch_flags.h"
#include "cli/input_flags.h"
#include "cli/model_flags.h"
#include "cli/parser.h"
#include "embeddings/embedding.h"

namespace caption::cli {
namespace {

constexpr const char* kUsage =
    "  caption embed [OPTION]... INPUT... --output FILE\n"
    "  caption embed [OPTION]... --texts TEXTS --output FILE\n"
    "\n"
    "What the image encoder makes of pictures, or CLIP's text encoder of texts: D numbers\n"
    "each, written to FILE as its name says. INPUT is as for 'caption': image files, folders,\n"
    "'-' for one on standard input.\n";

constexpr const char* kFooter = R"(Files:
  NAME.npy          [N, D] of fp32, as NumPy has them; the pictures' names stand in
                    NAME.txt beside it, one in each line
  NAME.safetensors  "embeddings" [N, D] of fp32; "names", bytes: each name and a NUL;
                    metadata "model" and "normalized"
  NAME.jsonl        a line for each picture: {"image", "embedding", "normalized", "model"}

  Pictures that cannot be read are reported and have no row. What there is, is in the
  order of the inputs.

  Of --texts, each line is a text and has a row, the N-th line the N-th, an empty one too;
  the texts stand in the place of names, as "text" in JSON Lines, and a safetensors file
  has the metadata "of": "texts". A text of more tokens than CLIP takes (77, two of them
  for its ends) loses what is beyond, and is counted on standard error. Case does not
  matter. The text encoder runs on the CPU, whatever --device says.

  caption --from-embeddings FILE writes the captions of such a file, without pictures and
  without the encoder's time; for that, leave out --normalize unless the model divides by
  the length, too. Similarity, of pictures and texts as well, is the product of two rows
  of length 1.

Exit status:
  0, every image has an embedding; 1, some images failed; else as of 'caption'

Examples:
  caption embed -r photos/ --output photos.safetensors
  caption embed photos/ --normalize --output photos.npy
  caption embed --texts captions.txt --normalize --output texts.npy
  caption --from-embeddings photos.safetensors --beam 1
  caption ./embed                               an image of this name
)";

Flags<EmbedConfig> text_flags() {
  Flag<EmbedConfig> flag =
      name("--texts", &EmbedConfig::texts, "FILE",
           "Embed the texts of FILE, one in each line, instead of pictures, by CLIP's text "
           "encoder; - is standard input");
  for (const char* const other : {"--files-from", "--recursive", "--shard", "--watch", "--tar"})
    flag = std::move(flag).excludes(
        {other}, std::string("--texts is instead of pictures: it does not go with ") + other);
  return {flag};
}

Flags<EmbedConfig> output_flags() {
  return {
      name("--output", &EmbedConfig::output, "FILE", "Where the embeddings go: .npy, .safetensors or .jsonl")
          .required(),
      on("--normalize", &EmbedConfig::normalize, "Divide each embedding by its length, for similarities"),
      on("--quiet", &EmbedConfig::quiet, "No progress, notes or warnings, only errors"),
  };
}

}  // namespace

Parsed<EmbedConfig> parse_embed(const std::vector<std::string>& arguments) {
  EmbedConfig config;
  Parser parser({"caption embed", "what the image encoder makes of pictures", kUsage, kFooter});
  parser.take_inputs();
  parser.add("Inputs", input_flags(), config.inputs);
  parser.add("Inputs", text_flags(), config);
  parser.add("Inputs", image_flags(), config.batch.image);
  parser.add("Model", model_name_flags<EmbedConfig>(), config);
  parser.add("Model", model_flags(), config.model_options);
  parser.add("Model", pick(batch_flags(), {"--encode-batch"}), config.batch.sizes);
  parser.add("Output", output_flags(), config);
  parser.take_settings();
  if (auto help = parser.parse(arguments)) return PrintHelp{*help};

  config.inputs.names = parser.inputs();
  parser.require(!config.inputs.names.empty() || config.inputs.files_from || config.texts,
                 "no input: name an image, a folder, or '-' for an image on standard input");
  parser.require(config.inputs.names.empty() || !config.texts,
                 "--texts is instead of pictures: no INPUT goes with it");
  parser.check();
  embedding_format(config.output);
  config.inputs.advice = input_advice();
  config.inputs.patterns.drawings = config.batch.image.svg;
  config.batch.readers = reader_threads(config.model_options.threads);
  return config;
}

}  // namespace caption::cli
