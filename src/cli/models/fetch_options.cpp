#include "cli/models/fetch_options.h"

#include <algorithm>

#include "caption/error.h"
#include "cli/parser.h"

namespace caption::cli {
namespace {

constexpr const char* kFooter =
    R"(Two files are fetched, CLIP's and the captioner's, checked and made a model of:
  conceptual        1.0 GB  for most images
  coco              1.0 GB  everyday scenes, in the words of COCO
  coco-transformer  1.2 GB  the same with a larger image encoder
What has come when a connection is cut, or Ctrl-C pressed, lies in
$XDG_CACHE_HOME/caption/downloads (or ~/.cache/caption/downloads); the same command
goes on from there. Where a SHA-256 was published, the file must have it. Where none
was, that of the first download is kept in $XDG_DATA_HOME/caption/pins.json (or
~/.local/share/caption/pins.json), and later ones must be the same.

The environment: https_proxy, http_proxy, all_proxy and no_proxy name proxies;
CURL_CA_BUNDLE, SSL_CERT_FILE and SSL_CERT_DIR certificates to trust; HF_ENDPOINT takes
the place of https://huggingface.co, HF_TOKEN is shown to it alone.

This is the only command that connects to a network. For a machine without one:
  caption models fetch conceptual --dry-run           # what to download elsewhere
  caption models fetch conceptual --from FOLDER       # where the files lie here
)";

Flags<FetchConfig> source_flags() {
  return {
      text("--from", &FetchConfig::from,
           "Take the files from there alone: a folder, an address that ends with /, or one of the files. May "
           "be given several times"),
      on("--mirror", &FetchConfig::mirror, "Try mirrors before the publishers' own addresses")
          .excludes({"--from"}, "--from says already where to take the files from: leave out --mirror"),
      name(
          "--published", &FetchConfig::published, "FILE",
          "A table of models, files and addresses in the place of the one that comes along; its format is in "
          "models/README.md"),
      number("--timeout", &FetchConfig::timeout_s, {1, 3600},
             "Seconds to wait for a connection, or for the next byte"),
      number("--retries", &FetchConfig::retries, {0, 100},
             "Times in a row to connect again when nothing came"),
  };
}

Flags<FetchConfig> model_flags_of_fetch() {
  return {
      name("--name", &FetchConfig::name, "NAME", "What --model will call it [default the model's own]")
          .check([](const FetchConfig& config) {
            return config.name.empty() ? std::string() : wrong_model_name(config.name);
          }),
      name("--folder", &FetchConfig::folder, "FOLDER",
           "The folder to make [default NAME in $XDG_DATA_HOME/caption/models or "
           "~/.local/share/caption/models]"),
      name("--tokenizer", &FetchConfig::tokenizer, "FOLDER",
           "Holds encoder.json and vocab.bpe, for a table of your own [default GPT-2's, beside the program]"),
      choice("--optimize", &FetchConfig::optimize, "TYPE",
             {{"fp32", Precision::fp32}, {"bf16", Precision::bf16}, {"int8", Precision::int8}},
             "Make it start faster with that --precision, as 'caption models optimize' does"),
  };
}

Flags<FetchConfig> other_flags() {
  return {on("--dry-run", &FetchConfig::dry_run, "Print what would be fetched, and connect to nothing"),
          on("--quiet", &FetchConfig::quiet, "Only errors")};
}

}  // namespace

std::string wrong_model_name(const std::string& name) {
  const bool allowed = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
  if (allowed && name.front() != '.') return {};
  return "--name needs letters, digits, '.', '_' or '-', not '" + name + "'";
}

Parsed<FetchConfig> parse_fetch(const std::vector<std::string>& arguments) {
  FetchConfig config;
  Parser parser({"caption models fetch", "download a published model",
                 "  caption models fetch conceptual [OPTION]...\n"
                 "  caption models fetch coco [OPTION]...\n"
                 "  caption models fetch coco-transformer [OPTION]...\n",
                 kFooter});
  parser.add_argument("Model", "MODEL", config.model, "conceptual, coco or coco-transformer",
                      {Completion::Kind::words, {"conceptual", "coco", "coco-transformer"}});
  parser.add("Where from", source_flags(), config);
  parser.add("Model", model_flags_of_fetch(), config);
  parser.add("Other", other_flags(), config);
  if (auto help = parser.parse(arguments)) return PrintHelp{*help};
  parser.require(!config.model.empty(), "no MODEL given: conceptual, coco or coco-transformer");
  parser.check();
  return config;
}

}  // namespace caption::cli
