#include "cli/eval/options.h"

#include "cli/batch_flags.h"
#include "cli/model_flags.h"
#include "cli/parser.h"

namespace caption::cli {
namespace {

constexpr const char* kUsage =
    "  caption eval [OPTION]... CAPTIONS REFERENCES\n"
    "\n"
    "How close the captions of a file are to what people said of the same pictures:\n"
    "BLEU, METEOR, ROUGE-L, CIDEr and CIDEr-D, as the Python package pycocoevalcap\n"
    "computes them, without pictures and without a model; and with both, CLIPScore.\n";

constexpr const char* kFooter = R"(Files:
  CAPTIONS    what 'caption' writes (--json, --format csv or text), COCO's results
              ([{"image_id": 1, "caption": "..."}]), or any kind of references with
              one caption for each picture; - is standard input
  REFERENCES  COCO's annotations (captions_val2017.json), Karpathy's dataset_coco.json
              and the like, Flickr's token files, CSV or TSV with named columns, JSON
              {"NAME": ["CAPTION", ...]}, or JSON Lines ({"image": ..., "captions": [...]})

  Their kind is told by their content. Pictures are the same if their numbers are, or as
  much of their names' ends as tells them apart: 'photos/1.jpg' is '1.jpg'.

The numbers:
  BLEU, METEOR and ROUGE-L go from 0 to 1, CIDEr and CIDEr-D from 0 to 10: they are ten
  times a mean similarity, so that 1.2 is usual for a good captioner on COCO.
  CIDEr-D is what pycocoevalcap and most papers call CIDEr; CIDEr is the metric as it was
  first defined, without clipped counts and without a penalty for other lengths.
  Both count words less that many pictures have, and need many pictures for that: they are 0
  for a single one. --cider-corpus takes these counts from other references.
  METEOR without --meteor-data knows equal words and equal stems alone.
  CLIPScore is 2.5 times the cosine between what CLIP makes of the picture and of the
  caption behind "A photo depicts ", 0 below 0; RefCLIPScore is the harmonic mean of it
  and of the caption's highest cosine to a reference (Hessel et al., 2021). They are as
  good as the CLIP of --clip-model: the paper has ViT-B/32, as 'conceptual' does.
  The intervals say where 95 % of the values lie if the pictures are drawn anew.

--compare: the same table for two files, and for each metric how often a difference as
  large as theirs would come about if the two were no different (p), by changing places at
  random.

Examples:
  caption --json photos/ | caption eval - captions_val2017.json
  caption eval mine.jsonl dataset_coco.json --split test --json | jq .metrics.cider_d
  caption eval new.jsonl refs.json --compare old.jsonl
  caption eval mine.jsonl refs.json --html eval.html --images photos/
  caption eval mine.jsonl refs.json --clip-model conceptual --images photos/
  caption ./eval                                an image of this name
)";

Flags<EvalConfig> reference_flags() {
  return {
      text("--split", &EvalConfig::split, "Only references of this split, as Karpathy's files have them"),
      name("--compare", &EvalConfig::compare, "FILE",
           "Other captions of the same pictures: are they better or worse?"),
  };
}

Flags<EvalConfig> metric_flags() {
  return {
      name("--meteor-data", &EvalConfig::meteor_data, "FOLDER",
           "METEOR's data files, for synonyms and paraphrases: pycocoevalcap's folder 'meteor'"),
      name("--cider-corpus", &EvalConfig::cider_corpus, "FILE",
           "References that tell CIDEr and CIDEr-D how usual words are [default REFERENCES]"),
      name("--clip-model", &EvalConfig::clip_model, "NAME",
           "Also CLIPScore and RefCLIPScore, by the CLIP of this model, of the pictures of --images")
          .needs({"--images"}, "--clip-model looks at the pictures: add --images FOLDER")
          .completed_by({Completion::Kind::models, {}}),
  };
}

Flags<eval::Resampling> resampling_flags() {
  return {
      number("--resamples", &eval::Resampling::times, {100, 100000},
             "How often pictures are drawn anew, for the intervals and for --compare"),
      number("--resample-seed", &eval::Resampling::seed, {0, static_cast<std::uint64_t>(-1)},
             "Another sequence of random numbers for that"),
  };
}

Flags<EvalConfig> output_flags() {
  return {
      on("--json", &EvalConfig::json, "One JSON object instead of the table"),
      name("--per-image", &EvalConfig::per_image, "FILE", "Also write each picture's values, as JSON Lines"),
      name("--html", &EvalConfig::html, "FILE", "Also write a page with the worst and the best captions")
          .check([](const EvalConfig& config) -> std::string {
            return config.html == "-" ? "--html needs a file; the table goes to standard output" : "";
          }),
      name("--images", &EvalConfig::images, "FOLDER", "Where the pictures are")
          .needs({"--html", "--clip-model"}, "--images is for --html and --clip-model"),
      number("--show", &EvalConfig::show, {1, 1000}, "Pictures at each end of the page")
          .needs({"--html"}, "--show is for --html"),
      on("--quiet", &EvalConfig::quiet, "No notes, only errors"),
  };
}

}  // namespace

Parsed<EvalConfig> parse_eval(const std::vector<std::string>& arguments) {
  EvalConfig config;
  Parser parser({"caption eval", "how close captions are to what people said", kUsage, kFooter});
  parser.take_inputs();
  parser.add("Inputs", reference_flags(), config);
  parser.add("Metrics", metric_flags(), config);
  parser.add("Metrics", resampling_flags(), config.resampling);
  parser.add("Model", model_flags(), config.model_options);
  parser.add("Output", output_flags(), config);
  parser.take_settings();
  if (auto help = parser.parse(arguments)) return PrintHelp{*help};

  const std::vector<std::string> names = parser.inputs();
  parser.require(!names.empty(), "no input: name a file of captions and one of references");
  parser.require(names.size() > 1, "the references are missing: name them behind '" + names.front() + "'");
  parser.require(names.size() == 2,
                 "one file of captions and one of references: '" + names.back() + "' is too much");
  parser.require(!names[0].empty() && !names[1].empty(), "the name of a file is empty");
  config.readers = reader_threads(config.model_options.threads);
  config.captions = names[0];
  config.references = names[1];
  parser.require(!parser.given("--split") || !config.split.empty(),
                 "--split needs a text, which cannot be empty");
  parser.check();
  int from_standard_input = 0;
  for (const auto& file : {std::optional(config.captions), std::optional(config.references), config.compare,
                           config.cider_corpus})
    if (file && *file == "-") ++from_standard_input;
  parser.require(from_standard_input <= 1, "only one file can come from standard input");
  return config;
}

}  // namespace caption::cli
