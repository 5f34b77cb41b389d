#include "cli/models/options.h"

#include <algorithm>
#include <utility>

#include "caption/error.h"
#include "cli/model_flags.h"
#include "cli/parser.h"
#include "cli/suggestions.h"

namespace caption::cli {
namespace {

constexpr const char* kOverview = R"(  caption models list [--json]        what is installed, and where
  caption models show NAME [--json]   sizes, origin and licence of a model
  caption models verify NAME          compare its files with their SHA-256
  caption models optimize NAME ...    make it start faster, for more disk space
  caption models fetch MODEL          download conceptual, coco or coco-transformer
  caption models import ...           make a model from files that you have
  caption models export NAME          put it into one file, for import elsewhere
  caption models remove NAME          delete it

'caption models fetch --help' and so on explain them. NAME is a model's name or its folder.
Names are searched in the folders of $CAPTION_MODELS (separated by ':'), then in
$XDG_DATA_HOME/caption/models (or ~/.local/share/caption/models), then beside the
program. A model is a folder that holds model.json and the files that it lists.

An input that is called 'models' can be captioned as ./models.
)";

constexpr const char* kOptimizeFooter =
    R"(Loading a model brings its weights into the order in which this program reads
them. This keeps them in that order, in packed.TYPE in the model's folder or, where
that cannot be written to, in $XDG_CACHE_HOME/caption/packed (or
~/.cache/caption/packed). It is used from then on, on the CPU, with that --precision,
as long as the model's files stay what they are. Captions do not depend on it.

Example:
  caption models optimize conceptual --precision bf16
)";

constexpr const char* kExportFooter =
    R"(The archive holds model.json and the files that it lists, which are compared with
their SHA-256 first. It is the same, bit for bit, whoever makes it and when.

Example:
  caption models export conceptual
  caption models import conceptual.tar        # elsewhere
  caption models export conceptual --output - | ssh host tar x -C models
)";

constexpr const char* kRemoveFooter =
    R"(What 'caption models optimize' made for it goes, too. Models that come with the program
stay, and so does a folder that holds anything else.
)";

constexpr const char* kImportFooter =
    R"(The files are checked against each other and the model is loaded once; where that
fails, nothing is left behind. Files are data to this program: no code in them ever
runs.

Example:
  caption models import --clip ViT-B-32.pt --captioner mine.pt --name mine
  caption models import conceptual.tar
)";

Error usage_error(const std::string& message) {
  return {ErrorKind::usage, message + "; see 'caption models --help'"};
}

/// A command whose only argument is a model.
void add_model(Parser& parser, ModelsConfig& config) {
  parser.add_argument("Model", "NAME", config.name, "The model's name or folder",
                      {Completion::Kind::models, {}});
}

void require_model(const Parser& parser, const ModelsConfig& config) {
  parser.require(!config.name.empty(), "no model NAME given");
}

Flags<ModelsConfig> json_flags(const std::string& help) {
  return {on("--json", &ModelsConfig::json, help)};
}

Flags<ModelsConfig> quiet_flags() {
  return {on("--quiet", &ModelsConfig::quiet, "Only errors")};
}

Parsed<ModelsConfig> parse_list(const std::vector<std::string>& arguments) {
  ModelsConfig config;
  config.action = ModelsConfig::Action::list;
  Parser parser(
      {"caption models list", "the installed models, by name", "  caption models list [--json]\n", ""});
  parser.add(
      "Output",
      json_flags(
          "An array of objects: name, folder, description, license, bytes, packed (files that optimize "
          "made), or error if model.json is damaged"),
      config);
  if (auto help = parser.parse(arguments)) return PrintHelp{*help};
  return config;
}

Parsed<ModelsConfig> parse_show(const std::vector<std::string>& arguments) {
  ModelsConfig config;
  config.action = ModelsConfig::Action::show;
  Parser parser({"caption models show", "sizes, origin and licence of a model",
                 "  caption models show [--json] NAME\n", ""});
  add_model(parser, config);
  parser.add("Output", json_flags("The model's model.json"), config);
  if (auto help = parser.parse(arguments)) return PrintHelp{*help};
  require_model(parser, config);
  return config;
}

Parsed<ModelsConfig> parse_verify(const std::vector<std::string>& arguments) {
  ModelsConfig config;
  config.action = ModelsConfig::Action::verify;
  Parser parser({"caption models verify", "compare a model's files with their sizes and SHA-256",
                 "  caption models verify NAME\n", ""});
  add_model(parser, config);
  if (auto help = parser.parse(arguments)) return PrintHelp{*help};
  require_model(parser, config);
  return config;
}

Flags<ModelsConfig> optimize_flags() {
  return {on("--remove", &ModelsConfig::remove, "Remove the files that it has made, for all precisions")
              .excludes({"--precision", "--threads"}, "--remove takes no --precision and no --threads")};
}

Parsed<ModelsConfig> parse_optimize(const std::vector<std::string>& arguments) {
  ModelsConfig config;
  config.action = ModelsConfig::Action::optimize;
  config.model_options.device = "cpu";
  Parser parser({"caption models optimize", "make a model start faster, for more disk space",
                 "  caption models optimize [--precision TYPE] [--threads N] [--quiet] NAME\n"
                 "  caption models optimize --remove [--quiet] NAME\n",
                 kOptimizeFooter});
  add_model(parser, config);
  parser.add("Model", pick(model_flags(), {"--precision", "--threads"}), config.model_options);
  parser.add("Other", optimize_flags(), config);
  parser.add("Other", quiet_flags(), config);
  if (auto help = parser.parse(arguments)) return PrintHelp{*help};
  require_model(parser, config);
  parser.check();
  parser.require(
      config.model_options.precision != Precision::fp16,
      "--precision fp16 is for GPUs, and it is the CPU that starts faster: take fp32, bf16, int8 or "
      "auto");
  return config;
}

/// That what an option names is there, if it was given.
template <typename Member>
Flag<ImportRequest>::Check exists(const std::string& option, Member ImportRequest::*member) {
  return [=](const ImportRequest& request) -> std::string {
    const std::optional<std::filesystem::path> file = request.*member;
    std::error_code ignored;
    if (!file || file->empty() || std::filesystem::exists(*file, ignored)) return {};
    throw Error(ErrorKind::usage, option + ": no file '" + file->string() + "'", *file);
  };
}

Flags<ImportRequest> file_flags() {
  return {
      name("--clip", &ImportRequest::clip, "FILE",
           "CLIP's weights: OpenAI's archive (ViT-B-32.pt) or a state_dict; or an EfficientNet-Lite's (.pth)")
          .check(exists("--clip", &ImportRequest::clip)),
      name("--captioner", &ImportRequest::captioner, "FILE",
           "ClipCap's checkpoint (conceptual_weights.pt), or a mapper alone")
          .check(exists("--captioner", &ImportRequest::captioner)),
      name("--gpt2", &ImportRequest::gpt2, "FILE",
           "GPT-2's weights, if the captioner's file has none, or their folder")
          .check(exists("--gpt2", &ImportRequest::gpt2)),
      name("--tokenizer", &ImportRequest::tokenizer, "FILE",
           "tokenizer.json, a sentencepiece model, or a folder that holds one of them, vocab.json and "
           "merges.txt, "
           "or encoder.json and vocab.bpe [default the one beside --gpt2's, or GPT-2's own]")
          .check(exists("--tokenizer", &ImportRequest::tokenizer)),
  };
}

Flags<ImportRequest> new_model_flags() {
  return {
      name("--name", &ImportRequest::name, "NAME", "What --model will call it; an archive has a name")
          .check([](const ImportRequest& request) {
            return request.name.empty() ? std::string() : wrong_model_name(request.name);
          }),
      name("--folder", &ImportRequest::folder, "FOLDER",
           "The folder to make [default NAME in $XDG_DATA_HOME/caption/models or "
           "~/.local/share/caption/models]"),
      choice("--activation", &ImportRequest::activation, "KIND",
             {{"quick_gelu", "quick_gelu"}, {"gelu", "gelu"}, {"gelu_tanh", "gelu_tanh"}},
             "CLIP's activation, where the file does not tell"),
      number("--heads", &ImportRequest::heads, {1, 1024}, "GPT-2's attention heads",
             "what config.json beside it says, or one for 64 channels"),
      number("--mapper-heads", &ImportRequest::mapper_heads, {1, 1024},
             "A transformer mapper's attention heads", "what its file says, 8 in ClipCap's own"),
      text("--stop-token", &ImportRequest::stop_tokens,
           "The token that ends captions, as it is written, or its number; may be given several times "
           "[default "
           "\".\", with a sentencepiece model the one that ends texts]"),
      text("--stop", &ImportRequest::stop_texts,
           "End captions where they contain TEXT, in the place of that token; may be given several times"),
      text("--origin", &ImportRequest::origin,
           "Where the files come from [default their names, and what is published of their hashes]"),
      text("--license", &ImportRequest::license,
           "Their terms [default what is published of those whose hashes are known]"),
      on("--normalize", &ImportRequest::normalize, "The mapper takes embeddings of length 1", true)
          .excludes({"--no-normalize"}, "--normalize and --no-normalize contradict each other"),
      on("--no-normalize", &ImportRequest::normalize,
         "It takes them as CLIP makes them [default by the mapper's kind]", false),
  };
}

Parsed<ModelsConfig> parse_import(const std::vector<std::string>& arguments) {
  ModelsConfig config;
  config.action = ModelsConfig::Action::import;
  Parser parser({"caption models import", "make a model from published files",
                 "  caption models import --clip FILE --captioner FILE --name NAME [OPTION]...\n"
                 "  caption models import ARCHIVE.tar [--name NAME] [--folder FOLDER] [--quiet]\n",
                 kImportFooter});
  parser.add_argument("Files", "ARCHIVE", config.archive, "A model, as 'caption models export' makes it",
                      {Completion::Kind::files, {}});
  parser.add("Files", file_flags(), config.request);
  parser.add("Model", new_model_flags(), config.request);
  parser.add("Other", quiet_flags(), config);
  if (auto help = parser.parse(arguments)) return PrintHelp{*help};
  parser.check();
  for (const char* option : {"--clip", "--captioner", "--name"}) {
    const bool needed = config.archive.empty();
    parser.require(!needed || parser.given(option), std::string(option) + " is missing");
  }
  for (const char* option :
       {"--clip", "--captioner", "--gpt2", "--tokenizer", "--activation", "--heads", "--mapper-heads",
        "--stop-token", "--stop", "--origin", "--license", "--normalize", "--no-normalize"}) {
    parser.require(config.archive.empty() || !parser.given(option),
                   std::string(option) + " is for weight files, and '" + config.archive +
                       "' is taken for an archive, which has all parts");
  }
  return config;
}

Parsed<ModelsConfig> parse_export(const std::vector<std::string>& arguments) {
  ModelsConfig config;
  config.action = ModelsConfig::Action::export_;
  Parser parser({"caption models export", "put a model into one file, for import elsewhere",
                 "  caption models export [--output FILE] [--quiet] NAME\n"
                 "  caption models export --checkpoint FILE [--quiet] NAME\n",
                 kExportFooter});
  add_model(parser, config);
  parser.add("Output",
             {name("--output", &ModelsConfig::output, "FILE",
                   "The tar archive to write; - is standard output [default NAME.tar here]"),
              name("--checkpoint", &ModelsConfig::checkpoint, "FILE",
                   "Write its captioner alone instead, as ClipCap's Python programs load it")
                  .excludes({"--output"}, "--checkpoint does not go with --output")},
             config);
  parser.add("Other", quiet_flags(), config);
  if (auto help = parser.parse(arguments)) return PrintHelp{*help};
  require_model(parser, config);
  return config;
}

Parsed<ModelsConfig> parse_remove(const std::vector<std::string>& arguments) {
  ModelsConfig config;
  config.action = ModelsConfig::Action::remove;
  Parser parser(
      {"caption models remove", "delete a model", "  caption models remove [--quiet] NAME\n", kRemoveFooter});
  add_model(parser, config);
  parser.add("Other", quiet_flags(), config);
  if (auto help = parser.parse(arguments)) return PrintHelp{*help};
  require_model(parser, config);
  return config;
}

Parsed<ModelsConfig> parse_published(const std::vector<std::string>& arguments) {
  Parsed<FetchConfig> parsed = parse_fetch(arguments);
  if (const auto* help = std::get_if<PrintHelp>(&parsed)) return *help;
  ModelsConfig config;
  config.action = ModelsConfig::Action::fetch;
  config.fetch = std::get<FetchConfig>(std::move(parsed));
  return config;
}

}  // namespace

const std::vector<std::string>& model_actions() {
  static const std::vector<std::string> actions = {"list",   "show",  "verify", "optimize",
                                                   "import", "fetch", "export", "remove"};
  return actions;
}

Parsed<ModelsConfig> parse_models(const std::vector<std::string>& arguments) {
  if (arguments.empty())
    throw usage_error("'caption models' needs list, show, verify, optimize, fetch, import, export or remove");
  const std::string& action = arguments.front();
  if (action == "--help" || action == "-h")
    return PrintHelp{{{"caption models", "the installed models", kOverview, ""}, {}, false}};
  const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  if (action == "list") return parse_list(rest);
  if (action == "show") return parse_show(rest);
  if (action == "verify") return parse_verify(rest);
  if (action == "optimize") return parse_optimize(rest);
  if (action == "import") return parse_import(rest);
  if (action == "fetch") return parse_published(rest);
  if (action == "export") return parse_export(rest);
  if (action == "remove") return parse_remove(rest);
  throw usage_error("unknown command 'models " + action + "'" + did_you_mean(action, model_actions()));
}

}  // namespace caption::cli
