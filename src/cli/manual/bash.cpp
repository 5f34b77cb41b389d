#include "cli/manual/completions.h"
#include "cli/manual/page_parts.h"

namespace caption::cli {
namespace {

/// What is there whatever the commands are. _caption_command sets `command`, `options` and `inputs`, or has
/// completed the value of an option.
constexpr const char* kBashHead = R"sh(# What bash completes for caption; made by 'caption completions bash'.

_caption_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur"); }
_caption_files() { compopt -o default; }
_caption_folders() { compopt -o dirnames; }
_caption_models() {
  local names
  names=$("$program" models list 2>/dev/null | sed 's/ .*//')
  _caption_words "$names"
}

_caption() {
  local program=$1 cur=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  # Readline takes --option=value for three words.
  if [[ $cur == = ]]; then
    cur=
  elif [[ $option == = ]]; then
    option=${COMP_WORDS[COMP_CWORD-2]}
  elif [[ $cur == -* ]]; then
    option=
  fi
)sh";

constexpr const char* kBashTail = R"sh(}

complete -F _caption caption
)sh";

std::string bash_offer(const Completion& completion) {
  switch (completion.kind) {
    case Completion::Kind::words:
      return "_caption_words " + quoted(joined(completion.words));
    case Completion::Kind::files:
      return "_caption_files";
    case Completion::Kind::folders:
      return "_caption_folders";
    case Completion::Kind::models:
      return "_caption_models";
    case Completion::Kind::none:
      break;
  }
  return ":";
}

/// The lines of a command's own `case`.
std::string bash_lines(const HelpPage& page, const std::vector<HelpPage>& pages) {
  std::vector<std::string> options;
  std::string values;
  std::string rest = page.takes_inputs ? "_caption_files" : ":";
  for (const HelpGroup& group : page.groups) {
    for (const HelpOption& option : group.options) {
      if (option.is_argument()) {
        rest = bash_offer(option.completion);
        continue;
      }
      options.push_back("--" + option.long_name);
      if (!option.short_name.empty()) options.push_back("-" + option.short_name);
      if (!option.type.empty())
        values += "        --" + option.long_name + ") " + bash_offer(option.completion) + "; return ;;\n";
    }
  }
  std::vector<std::string> commands;
  for (const Subcommand& command : subcommands(pages, words_of(page))) commands.push_back(command.word);
  std::string lines = values.empty() ? "" : "      case $option in\n" + values + "      esac\n";
  lines += "      if [[ $cur == -* ]]; then _caption_words " + quoted(joined(options)) + "; return; fi\n";
  lines += "      " + rest + "\n";
  if (!commands.empty()) lines += "      commands=" + quoted(joined(commands)) + "\n";
  return lines;
}

}  // namespace

std::string bash_completions(const std::vector<HelpPage>& pages) {
  std::string script = kBashHead;
  script += "  local command= commands= depth=1\n";
  for (const Subcommand& first : subcommands(pages, "")) {
    std::string inner;
    for (const Subcommand& second : subcommands(pages, first.word))
      inner += (inner.empty() ? "" : "|") + second.word;
    script += "  if ((COMP_CWORD > 1)) && [[ ${COMP_WORDS[1]} == " + first.word + " ]]; then\n" +
              "    command=" + first.word + " depth=2\n";
    if (!inner.empty()) {
      script += "    if ((COMP_CWORD > 2)); then\n      case ${COMP_WORDS[2]} in\n        " + inner +
                ") command+=\" ${COMP_WORDS[2]}\" depth=3 ;;\n      esac\n    fi\n";
    }
    script += "  fi\n";
  }
  script += "  case $command in\n";
  for (const HelpPage& page : pages)
    script += "    " + quoted(words_of(page)) + ")\n" + bash_lines(page, pages) + "      ;;\n";
  script += "  esac\n";
  script += R"sh(  # Commands stand at their place alone, before files.
  if [[ $commands ]] && ((COMP_CWORD == depth)); then
    _caption_words "$commands"
    if [[ ! $command && ${#COMPREPLY[@]} -gt 0 ]]; then
      local files
      mapfile -t files < <(compgen -f -- "$cur")
      COMPREPLY+=("${files[@]}")
      compopt -o filenames
    fi
  fi
)sh";
  return script + kBashTail;
}

}  // namespace caption::cli
