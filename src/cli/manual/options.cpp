#include "cli/manual/options.h"

#include <utility>

#include "cli/parser.h"

namespace caption::cli {
namespace {

constexpr const char* kCompletionsUsage =
    "  caption completions SHELL\n"
    "\n"
    "Writes what lets a shell complete caption's commands, options and their values, to\n"
    "standard output. An installed tree has these files where the shells look for them if\n"
    "its prefix is /usr or, for bash and fish, one that XDG_DATA_DIRS names.\n";

constexpr const char* kCompletionsFooter = R"(Examples:
  source <(caption completions bash)            in ~/.bashrc
  source <(caption completions zsh)             in ~/.zshrc, after compinit
  caption completions fish | source             in ~/.config/fish/config.fish
  caption ./completions                         an image of this name
)";

constexpr const char* kManualUsage =
    "  caption manual [COMMAND]...\n"
    "  caption manual --folder FOLDER\n"
    "\n"
    "Writes the man page of caption, or of one of its commands, to standard output, for\n"
    "'man'. It says what 'caption COMMAND --help' says.\n";

constexpr const char* kManualFooter = R"(Examples:
  caption manual | man -l -
  caption manual models import | man -l -
  caption ./manual                              an image of this name
)";

const std::vector<std::pair<std::string, Shell>>& shells() {
  static const std::vector<std::pair<std::string, Shell>> all = {
      {"bash", Shell::bash}, {"zsh", Shell::zsh}, {"fish", Shell::fish}};
  return all;
}

Flags<ManualConfig> folder_flags() {
  return {name("--folder", &ManualConfig::folder, "FOLDER",
               "Write the pages of all commands into FOLDER, as caption.1, "
               "caption-explain.1, ...")};
}

}  // namespace

Parsed<CompletionsConfig> parse_completions(const std::vector<std::string>& arguments, AllPages pages) {
  CompletionsConfig config{std::move(pages)};
  std::string shell;
  std::vector<std::string> words;
  for (const auto& entry : shells()) words.push_back(entry.first);
  Parser parser(
      {"caption completions", "what completes its command line", kCompletionsUsage, kCompletionsFooter});
  parser.add_argument("Shell", "SHELL", shell, with_words("Whose completions", words, ""),
                      {Completion::Kind::words, words});
  if (auto help = parser.parse(arguments)) return PrintHelp{*help};
  parser.require(!shell.empty(), "no SHELL: name bash, zsh or fish");
  try {
    config.shell = shells()[to_choice("SHELL", words, shell)].second;
  } catch (const CLI::ValidationError& error) {
    parser.require(false, error.what());
  }
  return config;
}

Parsed<ManualConfig> parse_manual(const std::vector<std::string>& arguments, AllPages pages) {
  ManualConfig config{std::move(pages), "caption", {}};
  Parser parser({"caption manual", "its man pages", kManualUsage, kManualFooter});
  parser.take_inputs();
  parser.add("Output", folder_flags(), config);
  if (auto help = parser.parse(arguments)) return PrintHelp{*help};
  for (const std::string& word : parser.inputs()) config.command += " " + word;
  parser.require(!config.folder || config.command == "caption",
                 "--folder takes the pages of all commands: it does not go with one");
  bool found = false;
  for (const HelpPage& page : config.pages()) found = found || page.manual.command == config.command;
  parser.require(found, "there is no command '" + config.command + "'");
  return config;
}

}  // namespace caption::cli
