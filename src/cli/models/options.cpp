#include "cli/models/options.h"

#include <algorithm>

#include "caption/error.h"
#include "cli/parser.h"
#include "cli/shared_options.h"

namespace caption::cli {
namespace {

constexpr const char* kOverview = R"(caption models - the installed models

Usage:
  caption models list [--json]        what is installed, and where
  caption models show NAME [--json]   sizes, origin and licence of a model
  caption models verify NAME          compare its files with their SHA-256
  caption models optimize NAME ...    make it start faster, for more disk space
  caption models import ...           make a model from published files

'caption models optimize --help' and 'caption models import --help' explain the last
two. NAME is a model's name or its folder.
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

constexpr const char* kImportFooter =
    R"(The files are checked against each other and the model is loaded once before
anything is written. Files are data to this program: no code in them ever runs.

Example:
  caption models import --clip ViT-B-32.pt --captioner conceptual_weights.pt \
      --name conceptual
)";

Error usage_error(const std::string& action, const std::string& message) {
  return {ErrorKind::usage,
          message + "; see 'caption models " + action + (action.empty() ? "" : " ") + "--help'"};
}

/// One positional NAME.
void add_model_name(CLI::App& app, ModelsConfig& config) {
  app.add_option("NAME", config.name, "The model's name or folder")->group("Model");
}

void add_json(CLI::App& app, ModelsConfig& config, const std::string& description) {
  app.add_flag("--json", config.json, description)->group("Output");
}

Parsed<ModelsConfig> parse_list(const std::vector<std::string>& arguments) {
  ModelsConfig config;
  config.action = ModelsConfig::Action::list;
  const auto app =
      make_app("caption models list - the installed models, by name", "  caption models list [--json]\n");
  add_json(*app, config,
           "An array of objects: name, folder, description, packed (files that optimize made), or error if "
           "model.json is damaged");
  if (auto help = parse(*app, "caption models list", arguments)) return PrintHelp{*help};
  return config;
}

Parsed<ModelsConfig> parse_show(const std::vector<std::string>& arguments) {
  ModelsConfig config;
  config.action = ModelsConfig::Action::show;
  const auto app = make_app("caption models show - sizes, origin and licence of a model",
                            "  caption models show [--json] NAME\n");
  add_model_name(*app, config);
  add_json(*app, config, "The model's model.json");
  if (auto help = parse(*app, "caption models show", arguments)) return PrintHelp{*help};
  if (config.name.empty()) throw usage_error("show", "no model NAME given");
  return config;
}

Parsed<ModelsConfig> parse_verify(const std::vector<std::string>& arguments) {
  ModelsConfig config;
  config.action = ModelsConfig::Action::verify;
  const auto app = make_app("caption models verify - compare a model's files with their sizes and SHA-256",
                            "  caption models verify NAME\n");
  add_model_name(*app, config);
  if (auto help = parse(*app, "caption models verify", arguments)) return PrintHelp{*help};
  if (config.name.empty()) throw usage_error("verify", "no model NAME given");
  return config;
}

Parsed<ModelsConfig> parse_optimize(const std::vector<std::string>& arguments) {
  ModelsConfig config;
  config.action = ModelsConfig::Action::optimize;
  config.model_options.device = "cpu";
  const auto app = make_app("caption models optimize - make a model start faster, for more disk space",
                            "  caption models optimize [--precision TYPE] [--threads N] [--quiet] NAME\n"
                            "  caption models optimize --remove [--quiet] NAME\n");
  app->footer(kOptimizeFooter);
  add_model_name(*app, config);
  add_arithmetic(*app, config.model_options);
  app->add_flag("--remove", config.remove, "Remove the files that it has made, for all precisions")
      ->group("Other");
  app->add_flag("--quiet", config.quiet, "Only errors")->group("Other");
  if (auto help = parse(*app, "caption models optimize", arguments)) return PrintHelp{*help};
  if (config.name.empty()) throw usage_error("optimize", "no model NAME given");
  if (config.remove && app->count("--precision") + app->count("--threads") > 0) {
    throw usage_error("optimize", "--remove takes no --precision and no --threads");
  }
  if (config.model_options.precision == Precision::fp16) {
    throw usage_error("optimize",
                      "--precision fp16 is for GPUs, and it is the CPU that starts faster: take fp32, bf16, "
                      "int8 or auto");
  }
  return config;
}

/// A name stands alone in a folder and on a command line.
void check_new_name(const std::string& name) {
  const bool allowed = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
  if (!allowed || name.front() == '.') {
    throw usage_error("import", "--name needs letters, digits, '.', '_' or '-', not '" + name + "'");
  }
}

void check_file(const std::string& option, const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    throw Error(ErrorKind::usage, option + ": no file '" + file.string() + "'", file);
  }
}

void check_import(const ImportRequest& request) {
  const auto given = [](const std::string& option, bool is_given) {
    if (!is_given) throw usage_error("import", option + " is missing");
  };
  given("--clip", !request.clip.empty());
  given("--captioner", !request.captioner.empty());
  given("--name", !request.name.empty());
  check_new_name(request.name);
  check_file("--clip", request.clip);
  check_file("--captioner", request.captioner);
  if (request.gpt2) check_file("--gpt2", *request.gpt2);
  if (!request.tokenizer.empty()) check_file("--tokenizer", request.tokenizer);
}

Parsed<ModelsConfig> parse_import(const std::vector<std::string>& arguments) {
  ModelsConfig config;
  config.action = ModelsConfig::Action::import;
  ImportRequest& request = config.request;
  std::string activation;
  bool normalize = false;
  bool no_normalize = false;
  const auto app = make_app("caption models import - make a model from published files",
                            "  caption models import --clip FILE --captioner FILE --name NAME [OPTION]...\n");
  app->footer(kImportFooter);
  add_name(*app, "--clip", request.clip, "FILE",
           "CLIP's weights: OpenAI's archive (ViT-B-32.pt) or a state_dict")
      ->group("Files");
  add_name(*app, "--captioner", request.captioner, "FILE",
           "ClipCap's checkpoint (conceptual_weights.pt), or a mapper alone")
      ->group("Files");
  add_name(*app, "--gpt2", request.gpt2, "FILE", "GPT-2's weights, if the captioner's file has none")
      ->group("Files");
  add_name(*app, "--tokenizer", request.tokenizer, "FOLDER",
           "Holds encoder.json and vocab.bpe [default GPT-2's, beside the program]")
      ->group("Files");
  add_name(*app, "--name", request.name, "NAME", "What --model will call it")->group("Model");
  add_name(
      *app, "--folder", request.folder, "FOLDER",
      "The folder to make [default NAME in $XDG_DATA_HOME/caption/models or ~/.local/share/caption/models]")
      ->group("Model");
  CLI::Option* const activation_given =
      add_choice<std::string>(*app, "--activation", activation, "KIND",
                              {{"quick_gelu", "quick_gelu"}, {"gelu", "gelu"}},
                              "CLIP's activation, where the file does not tell")
          ->group("Model");
  app->add_flag("--normalize", normalize, "The mapper takes embeddings of length 1")->group("Model");
  app->add_flag("--no-normalize", no_normalize,
                "It takes them as CLIP makes them [default by the mapper's kind]")
      ->group("Model");
  app->add_flag("--quiet", config.quiet, "Only errors")->group("Other");
  if (auto help = parse(*app, "caption models import", arguments)) return PrintHelp{*help};

  if (normalize && no_normalize)
    throw usage_error("import", "--normalize and --no-normalize contradict each other");
  if (normalize || no_normalize) request.normalize = normalize;
  if (activation_given->count() > 0) request.activation = activation;
  check_import(request);
  return config;
}

}  // namespace

const std::vector<std::string>& model_actions() {
  static const std::vector<std::string> actions = {"list", "show", "verify", "optimize", "import"};
  return actions;
}

Parsed<ModelsConfig> parse_models(const std::vector<std::string>& arguments) {
  if (arguments.empty())
    throw usage_error("", "'caption models' needs list, show, verify, optimize or import");
  const std::string& action = arguments.front();
  if (action == "--help" || action == "-h") return PrintHelp{kOverview};
  const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  if (action == "list") return parse_list(rest);
  if (action == "show") return parse_show(rest);
  if (action == "verify") return parse_verify(rest);
  if (action == "optimize") return parse_optimize(rest);
  if (action == "import") return parse_import(rest);
  throw usage_error("", "unknown command 'models " + action + "'" + did_you_mean(action, model_actions()));
}

}  // namespace caption::cli
