#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/flag.h"

namespace caption::cli {

/// What a command's pages of help say besides its options.
struct Manual {
  std::string command;      ///< "caption models import": what messages point to
  std::string description;  ///< "what it is for", without the command
  std::string usage;        ///< the lines after "Usage:", each with its end
  std::string footer;       ///< what stands behind the options, likewise; may be empty
};

/// Takes a command's arguments apart. Of a repeated option the last counts. Whatever is wrong is an
/// Error(usage) that points to the command's help.
class Parser {
 public:
  explicit Parser(Manual manual);

  /// Adds options under a heading of the help page, below those that have it already. `target` must outlive
  /// the parser.
  template <typename Target>
  void add(const std::string& heading, const Flags<Target>& flags, Target& target) {
    for (const Flag<Target>& flag : flags) {
      flag.add_to(app_, target)->group(heading);
      rules_.push_back({[this, flag] { return flag.misplaced(app_); },
                        [this, flag] { return flag.missing(app_); },
                        [flag, &target] { return flag.wrong(target); }});
    }
  }
  /// The one argument that is no option.
  void add_argument(const std::string& heading, const std::string& name, std::string& target,
                    const std::string& help);
  /// Arguments that are no options are inputs.
  void take_inputs() { app_.allow_extras(); }

  /// Sets the targets. -> the help page, if it was asked for
  std::optional<std::string> parse(std::vector<std::string> arguments);
  /// After `parse`: that the options go together and with what they need, then their values.
  void check() const;

  /// After `parse`: the inputs, among them all arguments after "--".
  std::vector<std::string> inputs() const;
  /// After `parse`: whether the option is on the command line.
  bool given(const std::string& option) const { return app_.count(option) > 0; }

  /// Throws unless `condition`.
  void require(bool condition, const std::string& problem) const;

 private:
  using Problem = std::function<std::string()>;
  struct Rules {
    Problem misplaced;
    Problem missing;
    Problem wrong;
  };

  [[noreturn]] void fail(const std::string& problem) const;
  std::string unknown_option(const std::string& argument) const;
  std::string describe_leftover() const;

  Manual manual_;
  CLI::App app_;
  std::vector<Rules> rules_;
};

}  // namespace caption::cli
