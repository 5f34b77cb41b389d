#include "cli/manual/completions.h"
#include "cli/manual/page_parts.h"

namespace caption::cli {
namespace {

/// __caption_is COMMAND: whether the words before the cursor have begun it.
constexpr const char* kFishHead = R"sh(# What fish completes for caption; made by 'caption completions fish'.

function __caption_is
    set -l words (commandline -opc)
    set -e words[1]
    set -l command
    if contains -- "$words[1]" $__caption_commands
        set command $words[1]
        if contains -- "$words[1] $words[2]" $__caption_commands
            set command "$words[1] $words[2]"
        end
    end
    test "$command" = "$argv"
end

function __caption_words_are
    test (count (commandline -opc)) -eq $argv[1]
end

function __caption_models
    set -l words (commandline -opc)
    $words[1] models list 2>/dev/null | string replace -r ' .*' ''
end

complete -c caption -e
complete -c caption -f
)sh";

/// In single quotes, as fish reads them.
std::string in_quotes(const std::string& text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') result += '\\';
    result += c;
  }
  return result + "'";
}

std::string fish_offer(const Completion& completion) {
  switch (completion.kind) {
    case Completion::Kind::words:
      return " -x -a " + in_quotes(joined(completion.words));
    case Completion::Kind::files:
      return " -r -F";
    case Completion::Kind::folders:
      return " -x -a '(__fish_complete_directories)'";
    case Completion::Kind::models:
      return " -x -a '(__caption_models)'";
    case Completion::Kind::none:
      break;
  }
  return " -x";
}

std::string begin(const std::string& condition) {
  return "complete -c caption -n " + in_quotes(condition);
}

std::string fish_lines(const HelpPage& page) {
  const std::string condition = "__caption_is " + words_of(page);
  std::string lines;
  for (const HelpGroup& group : page.groups) {
    for (const HelpOption& option : group.options) {
      if (option.is_argument()) {
        lines += begin(condition) + fish_offer(option.completion) + "\n";
        continue;
      }
      lines += begin(condition) + " -l " + option.long_name;
      if (!option.short_name.empty()) lines += " -s " + option.short_name;
      if (!option.type.empty()) lines += fish_offer(option.completion);
      lines += " -d " + in_quotes(summary(option)) + "\n";
    }
  }
  if (page.takes_inputs) lines += begin(condition) + " -F\n";
  return lines;
}

}  // namespace

std::string fish_completions(const std::vector<HelpPage>& pages) {
  std::string all;
  std::string lines;
  for (const HelpPage& page : pages) {
    const std::string words = words_of(page);
    if (!words.empty()) all += " " + in_quotes(words);
    const std::string depth = words.empty() ? "1" : "2";
    for (const Subcommand& command : subcommands(pages, words)) {
      lines += begin("__caption_words_are " + depth + "; and __caption_is " + words) + " -a " + command.word +
               " -d " + in_quotes(command.description) + "\n";
    }
    lines += fish_lines(page);
  }
  return kFishHead + ("set -g __caption_commands" + all + "\n\n") + lines;
}

}  // namespace caption::cli
