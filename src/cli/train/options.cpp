#include "cli/train/options.h"

#include "cli/model_flags.h"
#include "cli/parser.h"

namespace caption::cli {
namespace {

constexpr const char* kUsage =
    "  caption train [OPTION]... CAPTIONS --out FOLDER\n"
    "  caption train --resume [OPTION]... CAPTIONS --out FOLDER    the same options again\n"
    "\n"
    "Teaches a captioner the captions of your pictures, as ClipCap is trained: the image\n"
    "encoder stays as it is, the mapper learns, and GPT-2 too unless --mapper-only. The\n"
    "result is a model: caption --model FOLDER photo.jpg\n";

constexpr const char* kFooter = R"(Captions:
  COCO's annotations, Karpathy's dataset_coco.json (its splits count: what is 'val' is
  not learnt, what is 'test' is not looked at), Flickr's token files, CSV or TSV, JSON
  Lines ({"image": "a.jpg", "caption": "..."}), a folder of pictures with a text file
  beside each (dog.jpg, dog.txt), or tar shards of such pairs (shards-{000..099}.tar).
  Names are looked for below --images.

What it begins with:
  --model NAME                       its own weights: teach it your kind of pictures
  --model NAME --new-mapper mlp      its encoder and GPT-2, and a new mapper
  --model NAME --new                 its encoder alone: a small GPT-2, its mapper and its
                                     tokenizer begin from nothing
  --clip FILE --gpt2 FILE            published weights, and a new mapper: ClipCap's own way

FOLDER/training holds what a training needs to go on and to be looked at:
  report.html, log.jsonl      curves, and captions as they change; each update
  checkpoint.safetensors      weights and AdamW's moments, of every ten minutes
  embeddings.npy, .jsonl      what the encoder makes of the pictures: computed once

A training that was ended at any moment goes on by --resume with the same options; on the
CPU, and with the same --threads, its updates are those of one that was not, bit for bit.

Examples:
  caption train captions_train2017.json --images train2017 --out coco --model conceptual \
    --new-mapper transformer --mapper-only
  caption train my-pictures/ --out mine --epochs 5 --learning-rate 1e-5
  caption train captions.csv --images photos --out small --new --epochs 40 \
    --learning-rate 1e-3 --dropout 0.1 --patience 5
)";

Flags<TrainConfig> data_flags() {
  return {
      name("--images", &TrainConfig::images, "FOLDER",
           "Where the pictures are [default the folder of CAPTIONS]"),
      name("--validation", &TrainConfig::validation, "FILE",
           "Captions of other pictures, by which it is told how good the captioner is"),
      number("--hold-out", &TrainConfig::hold_out, {0, 1000000},
             "Without such a file or split: so many of the pictures are not learnt, but used for that",
             "a twentieth, at most 500")
          .excludes({"--validation"}, "--hold-out does not go with --validation"),
      number(
          "--max-failures", &TrainConfig::max_failures, {0, 1000000000},
          "End if more pictures are missing or cannot be read; training/left_out.jsonl of --out lists them",
          "as many as there are"),
      name("--embeddings", &TrainConfig::embeddings, "FOLDER",
           "Keep embeddings there, for several trainings [default FOLDER/training of --out]"),
      number("--max-tokens", &TrainConfig::max_tokens, {0, 1024},
             "Cut captions to so many tokens; 0 is what the model's captions may have"),
  };
}

Flags<PublishedParts> file_flags() {
  return {
      name("--clip", &PublishedParts::clip, "FILE",
           "Begin with CLIP's weights, as 'caption models import' takes them, instead of a model; needs "
           "--gpt2 or --new")
          .excludes({"--model"}, "--clip begins without a --model"),
      name("--gpt2", &PublishedParts::gpt2, "FILE",
           "and with GPT-2's (a file, or a folder of Hugging Face's)")
          .needs({"--clip"}, "--gpt2 is for --clip")
          .excludes({"--new"}, "--gpt2 does not go with --new, which begins with a GPT-2 of its own"),
      name("--tokenizer", &PublishedParts::tokenizer, "FOLDER",
           "Holds encoder.json and vocab.bpe for --gpt2 [default GPT-2's, beside the program]")
          .needs({"--gpt2"}, "--tokenizer is for --gpt2"),
      choice("--activation", &PublishedParts::activation, "KIND",
             {{"quick_gelu", "quick_gelu"}, {"gelu", "gelu"}, {"gelu_tanh", "gelu_tanh"}},
             "CLIP's activation, where its file does not tell")
          .needs({"--clip"}, "--activation is for --clip"),
  };
}

Flags<NewParts> new_flags() {
  return {
      choice("--new-mapper", &NewParts::mapper, "KIND",
             {{"mlp", MapperKind::mlp}, {"transformer", MapperKind::transformer}},
             "Begin with a new mapper instead of the model's own [with --clip, mlp if nothing is said]"),
      number("--prefix-length", &NewParts::prefix_length, {1, 80}, "Positions of a new mapper's prefix", "10")
          .needs({"--new-mapper", "--new", "--clip"},
                 "--prefix-length is for --new-mapper, --new and --clip"),
      on("--new", &NewParts::gpt2, "Begin with a new GPT-2, mapper and tokenizer"),
  };
}

Flags<NewMapper> mapper_flags() {
  return {
      number("--clip-length", &NewMapper::clip_length, {1, 80},
             "Positions that a new transformer mapper makes of the embedding")
          .needs({"--new-mapper"}, "--clip-length is for --new-mapper transformer"),
      number("--mapper-layers", &NewMapper::layers, {1, 100}, "Layers of a new transformer mapper")
          .needs({"--new-mapper"}, "--mapper-layers is for --new-mapper transformer"),
  };
}

std::string wrong_width(const NewGpt2& sizes) {
  return sizes.width % kGpt2HeadWidth == 0 ? "" : "--width needs a multiple of 64, the width of a head";
}

Flags<NewGpt2> size_flags() {
  return {
      number("--width", &NewGpt2::width, {64, 4096}, "Width of a new GPT-2, a multiple of 64")
          .needs({"--new"}, "--width is for --new")
          .check(wrong_width),
      number("--layers", &NewGpt2::layers, {1, 100}, "Layers of a new GPT-2")
          .needs({"--new"}, "--layers is for --new"),
      number("--vocabulary", &NewGpt2::vocabulary, {16, 100000}, "Tokens of a new tokenizer")
          .needs({"--new"}, "--vocabulary is for --new"),
  };
}

Flags<LearningOptions> learning_flags() {
  return {
      on("--mapper-only", &LearningOptions::mapper_only, "GPT-2 stays as it is; only the mapper learns"),
      number("--weight-decay", &LearningOptions::weight_decay, {0.0, 10.0}, "AdamW's"),
      number("--clip-norm", &LearningOptions::clip_norm, {0.0, 1e9},
             "Shorten gradients that are longer than X together; 0 shortens none"),
      number("--dropout", &LearningOptions::dropout, {0.0, 0.99},
             "Share of GPT-2's activations that are hidden"),
      number("--label-smoothing", &LearningOptions::label_smoothing, {0.0, 0.99},
             "Share of a target's probability that goes to all tokens alike"),
      on("--bf16", &LearningOptions::bf16,
         "Multiply matrices in bf16: faster where the processor or GPU can, and less exact"),
      number("--seed", &LearningOptions::seed, {0, static_cast<std::uint64_t>(-1)},
             "Start of all random numbers: new weights, the captions' order, dropout"),
  };
}

Flags<TrainConfig> course_flags() {
  return {
      number("--epochs", &TrainConfig::epochs, {1, 100000}, "Passes over all captions"),
      number("--batch", &TrainConfig::batch, {1, 100000}, "Captions of an update"),
      number("--accumulate", &TrainConfig::accumulate, {1, 1000},
             "Compute an update's captions in N parts, one after the other: less memory, the same result"),
      number("--learning-rate", &TrainConfig::learning_rate, {0.0, 1e9, true}, "The highest one"),
      number("--warmup", &TrainConfig::warmup, {0, 100000000}, "Updates in which it rises to that",
             "5000, or a tenth of all"),
      choice("--decay", &TrainConfig::decay, "HOW",
             {{"linear", Decay::linear}, {"cosine", Decay::cosine}, {"none", Decay::constant}},
             "How it then falls to 0"),
  };
}

Flags<TrainConfig> validation_flags() {
  return {
      number("--validate-every", &TrainConfig::validate_every, {0, 100000000},
             "Updates between validations; 0 is one after each epoch"),
      number("--patience", &TrainConfig::patience, {0, 100000},
             "End after N validations without a better CIDEr-D; 0 goes on to the end"),
      number("--beam", &TrainConfig::beam, {1, 100}, "Beams of the captions that are validated"),
  };
}

Flags<TrainConfig> run_flags() {
  return {
      name("--out", &TrainConfig::out, "FOLDER", "The model that is made").required(),
      on("--resume", &TrainConfig::resume, "Go on with the training in --out that was ended"),
      number("--checkpoint-every", &TrainConfig::checkpoint_every, {1, 1000000},
             "Seconds between checkpoints, from which --resume goes on"),
      name("--log", &TrainConfig::log, "FILE",
           "Where each update's loss goes, as JSON Lines [default training/log.jsonl of --out]"),
      on("--quiet", &TrainConfig::quiet, "No notes, only errors"),
  };
}

}  // namespace

Parsed<TrainConfig> parse_train(const std::vector<std::string>& arguments) {
  TrainConfig config;
  Parser parser({"caption train", "teaches a captioner your pictures' captions", kUsage, kFooter});
  parser.take_inputs();
  parser.add("Data", data_flags(), config);
  parser.add("Beginning", model_name_flags<TrainConfig>(), config);
  parser.add("Beginning", file_flags(), config.files);
  parser.add("Beginning", new_flags(), config.parts);
  parser.add("Beginning", mapper_flags(), config.parts.transformer);
  parser.add("Beginning", size_flags(), config.parts.sizes);
  parser.add("Learning", course_flags(), config);
  parser.add("Learning", learning_flags(), config.learning);
  parser.add("Validation", validation_flags(), config);
  parser.add("Run", run_flags(), config);
  parser.add("Run", pick(model_flags(), {"--device", "--threads"}), config.model_options);
  parser.add("Pictures", image_flags(), config.image);
  parser.take_settings();
  if (auto help = parser.parse(arguments)) return PrintHelp{*help};

  const std::vector<std::string> names = parser.inputs();
  parser.require(!names.empty(), "no captions: name a file of them, or a folder of pictures with texts");
  parser.require(names.size() == 1, "one file of captions: '" + names.back() + "' is too much");
  parser.require(!names[0].empty(), "the name of the captions is empty");
  config.captions = names[0];
  parser.check();
  parser.require(config.captions != "-",
                 "captions cannot come from standard input: --resume reads them again");
  parser.require(!(config.parts.gpt2 && config.learning.mapper_only),
                 "--mapper-only does not go with --new: a new GPT-2 has to learn");
  parser.require(!config.files.clip || config.files.gpt2 || config.parts.gpt2,
                 "--clip needs --gpt2 FILE, or --new for a small GPT-2 that begins from nothing");
  parser.require(config.accumulate <= config.batch,
                 "--accumulate cannot have more parts than --batch has captions");
  if (config.images.empty())
    config.images =
        std::filesystem::is_directory(config.captions) ? config.captions : config.captions.parent_path();
  return config;
}

}  // namespace caption::cli
