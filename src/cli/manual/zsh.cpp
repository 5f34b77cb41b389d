#include "cli/manual/completions.h"
#include "cli/manual/page_parts.h"

namespace caption::cli {
namespace {

constexpr const char* kZshHead = R"sh(#compdef caption
# What zsh completes for caption; made by 'caption completions zsh'.

_caption_models() {
  local -a names=(${(f)"$(_call_program models $program models list 2>/dev/null | sed 's/ .*//')"})
  compadd -a names
}

_caption() {
  local program=$words[1] command=
  local -a commands
)sh";

/// Sourced, it stays; as a file of $fpath, it completes at once.
constexpr const char* kZshTail = R"sh(}

if [[ $funcstack[1] == _caption ]]; then
  _caption "$@"
else
  compdef _caption caption
fi
)sh";

std::string without_marks(const std::string& text, const std::string& marks) {
  std::string result;
  for (const char c : text) {
    if (marks.find(c) != std::string::npos) result += '\\';
    result += c;
  }
  return result;
}

std::string action(const Completion& completion) {
  switch (completion.kind) {
    case Completion::Kind::words:
      return "(" + joined(completion.words) + ")";
    case Completion::Kind::files:
      return "_files";
    case Completion::Kind::folders:
      return "_files -/";
    case Completion::Kind::models:
      return "_caption_models";
    case Completion::Kind::none:
      break;
  }
  return " ";
}

/// As _arguments takes it.
std::string specification(const HelpOption& option) {
  if (option.is_argument()) return quoted("1:" + option.type + ":" + action(option.completion));
  const std::string name = "--" + option.long_name;
  const std::string text = "[" + without_marks(summary(option), "[]\\") + "]";
  if (!option.type.empty())
    return quoted("*" + name + "=" + text + ":" + option.type + ":" + action(option.completion));
  if (option.short_name.empty()) {
    std::string all = quoted("*" + name + text);
    for (const std::string& word : option.completion.words)
      all += " \\\n        " + quoted("*" + name + "=" + word + text);
    return all;
  }
  const std::string short_name = "-" + option.short_name;
  return quoted("(" + short_name + " " + name + ")") + "{" + short_name + "," + name + "}" + quoted(text);
}

std::string zsh_lines(const HelpPage& page) {
  std::string lines = "      _arguments -s -S";
  for (const HelpGroup& group : page.groups)
    for (const HelpOption& option : group.options) lines += " \\\n        " + specification(option);
  if (page.takes_inputs) lines += " \\\n        '*:input:_files'";
  return lines + "\n";
}

std::string offered(const std::vector<Subcommand>& commands) {
  std::string lines = "commands=(";
  for (const Subcommand& command : commands)
    lines += "\n        " + quoted(command.word + ":" + without_marks(command.description, ":\\"));
  return lines + ")\n";
}

}  // namespace

std::string zsh_completions(const std::vector<HelpPage>& pages) {
  const std::vector<Subcommand> firsts = subcommands(pages, "");
  std::string script = kZshHead;
  script += "  if (( CURRENT == 2 )); then\n    " + offered(firsts) +
            "    _describe -t commands command commands\n  fi\n  case $words[2] in\n";
  for (const Subcommand& first : firsts) {
    script += "    " + first.word +
              ") (( CURRENT > 2 )) && { command=$words[2]; shift words; (( CURRENT-- )) } ;;\n";
  }
  script += "  esac\n";
  for (const Subcommand& first : firsts) {
    const std::vector<Subcommand> seconds = subcommands(pages, first.word);
    if (seconds.empty()) continue;
    script += "  if [[ $command == " + first.word + " ]]; then\n    if (( CURRENT == 2 )); then\n      " +
              offered(seconds) + "      _describe -t commands command commands\n      return\n    fi\n" +
              "    command+=\" $words[2]\"; shift words; (( CURRENT-- ))\n  fi\n";
  }
  script += "  case $command in\n";
  for (const HelpPage& page : pages)
    if (!page.groups.empty())
      script += "    " + quoted(words_of(page)) + ")\n" + zsh_lines(page) + "      ;;\n";
  return script + "  esac\n" + kZshTail;
}

}  // namespace caption::cli
