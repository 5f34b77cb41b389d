#include "cli/manual/man_page.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <sstream>
#include <utility>

#include "cli/version.h"

namespace caption::cli {
namespace {

/// As roff shows it unchanged: its own marks, and those that it would make pretty.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '\\':
        result += "\\e";
        break;
      case '-':
        result += "\\-";
        break;
      case '\'':
        result += "\\(aq";
        break;
      case '`':
        result += "\\(ga";
        break;
      case '^':
        result += "\\(ha";
        break;
      case '~':
        result += "\\(ti";
        break;
      default:
        result += c;
    }
  }
  return result;
}

/// A line of text, which no mark at its start makes a request.
std::string line(const std::string& text) {
  return (text.starts_with('.') ? "\\&" : "") + escaped(text) + "\n";
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

std::string section(const std::string& name) {
  return ".SH " + escaped(upper(name)) + "\n";
}

/// Lines that are laid out already, between .nf and .fi; those of a page's margin lose it.
class Laid {
 public:
  void add(const std::string& text) { lines_ += line(text.substr(std::min<std::size_t>(2, text.size()))); }
  /// What was added since the last time.
  std::string take() {
    while (lines_.ends_with("\n\n")) lines_.pop_back();
    const std::string block = lines_.empty() ? "" : ".nf\n" + lines_ + ".fi\n";
    lines_.clear();
    return block;
  }

 private:
  std::string lines_;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string next; std::getline(stream, next);) lines.push_back(next);
  return lines;
}

/// A page's lines: those that begin with blanks are laid out, others flow; "Examples:" behind an empty line
/// is a section.
std::string body(const std::string& text, const std::string& first_section) {
  std::string page;
  Laid laid;
  bool begun = false;
  bool paragraph = false;  // the next line begins one
  const std::vector<std::string> lines = lines_of(text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string& next = lines[i];
    const bool indented = next.starts_with("  ");
    const bool laid_follows = i + 1 < lines.size() && lines[i + 1].starts_with("  ");
    const bool begins = i == 0 || lines[i - 1].empty();
    if (begins && !indented && next.ends_with(':') && laid_follows) {
      page += laid.take() + section(next.substr(0, next.size() - 1));
      begun = true;
      paragraph = false;
    } else if (next.empty()) {
      laid.add(next);
      paragraph = true;
    } else {
      if (!begun) page += section(first_section);
      if (indented) {
        laid.add(next);
      } else {
        page += laid.take();
        if (begun && paragraph) page += ".PP\n";
        page += line(next);
      }
      begun = true;
      paragraph = false;
    }
  }
  return page + laid.take();
}

std::string option_entry(const HelpOption& option) {
  std::string entry = ".TP\n";
  if (option.is_argument()) return entry + "\\fI" + escaped(option.type) + "\\fR\n" + line(option.help);
  if (!option.short_name.empty()) entry += "\\fB" + escaped("-" + option.short_name) + "\\fR, ";
  entry += "\\fB" + escaped("--" + option.long_name) + "\\fR";
  if (!option.type.empty()) entry += " \\fI" + escaped(option.type) + "\\fR";
  return entry + "\n" + line(option.help);
}

/// The usage's first lines, up to an empty one, and the others.
std::pair<std::string, std::string> parted(const std::string& usage) {
  const std::size_t end = usage.find("\n\n");
  if (end == std::string::npos) return {usage, ""};
  return {usage.substr(0, end + 1), usage.substr(end + 2)};
}

}  // namespace

std::string man_page_name(const HelpPage& page) {
  std::string name = page.manual.command;
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

std::string man_page(const HelpPage& page, const std::vector<HelpPage>& all) {
  const std::string name = man_page_name(page);
  const std::string version = program_version();
  std::string text = ".TH " + escaped(upper(name)) + " 1 \"" + program_date() + "\" \"" +
                     escaped(version.substr(0, version.find(" ("))) + "\" \"User Commands\"\n";
  text += section("Name") + escaped(name) + " \\- " + escaped(page.manual.description) + "\n";
  const auto [synopsis, description] = parted(page.manual.usage);
  text += body(synopsis, "Synopsis") + body(description, "Description");
  if (!page.groups.empty()) text += section("Options");
  for (const HelpGroup& group : page.groups) {
    text += ".SS " + escaped(group.heading) + "\n";
    for (const HelpOption& option : group.options) text += option_entry(option);
  }
  text += body(page.manual.footer, "Notes");
  text += section("See also");
  std::string others;
  for (const HelpPage& other : all) {
    if (other.manual.command == page.manual.command) continue;
    others += (others.empty() ? ".BR " : " ,\n.BR ") + escaped(man_page_name(other)) + " (1)";
  }
  return text + others + "\n";
}

}  // namespace caption::cli
