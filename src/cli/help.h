#pragma once

#include <string>
#include <vector>

namespace caption::cli {

/// What a command's pages of help say besides its options.
struct Manual {
  std::string command;      ///< "caption models import": what messages point to
  std::string description;  ///< "what it is for", without the command
  std::string usage;        ///< the lines after "Usage:", each with its end
  std::string footer;       ///< what stands behind the options, likewise; may be empty
};

/// What may stand where a value is, as far as a shell can complete it.
struct Completion {
  enum class Kind { none, words, files, folders, models };
  Kind kind = Kind::none;
  std::vector<std::string> words;  ///< of Kind::words
};

/// An option on a page, or the argument that is none.
struct HelpOption {
  std::string short_name;  ///< "r"; may be empty
  std::string long_name;   ///< "recursive"; empty for an argument
  std::string type;        ///< "FILE"; empty without a value. An argument's name
  std::string help;
  Completion completion;

  bool is_argument() const { return long_name.empty(); }
};

/// Options below one heading.
struct HelpGroup {
  std::string heading;
  std::vector<HelpOption> options;
};

/// All that help says of a command: the source of its page on a terminal, of its man page and of what shells
/// complete.
struct HelpPage {
  Manual manual;
  std::vector<HelpGroup> groups;
  bool takes_inputs = false;  ///< files and folders that are no option's

  /// The page on a terminal: description, usage, the options in their groups, and the footer.
  std::string text() const;
};

}  // namespace caption::cli
