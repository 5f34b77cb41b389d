#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/flag.h"
#include "cli/help.h"
#include "cli/settings.h"

namespace caption::cli {

/// Takes a command's arguments apart. Of a repeated option the last counts. Options that are not on the
/// command line may stand in the environment or in the configuration file. Whatever is wrong is an
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
      completions_[flag.name()] = flag.completion();
      rules_.push_back({flag.name(), flag.excluded(), [this, flag] { return flag.misplaced(app_); },
                        [this, flag] { return flag.missing(app_); },
                        [flag, &target] { return flag.wrong(target); }});
    }
  }
  /// The one argument that is no option.
  void add_argument(const std::string& heading, const std::string& name, std::string& target,
                    const std::string& help, const Completion& completion);
  /// Arguments that are no options are inputs.
  void take_inputs() { app_.allow_extras(); }
  /// Those options that were added so far may stand in the environment and the configuration file, too.
  void take_settings();

  /// Sets the targets. -> the help page, if it was asked for
  std::optional<HelpPage> parse(std::vector<std::string> arguments);
  /// After `parse`: takes what the environment and the configuration file say, sets the targets, and checks
  /// that the options go together and with what they need, then their values.
  void check();

  /// After `parse`: the inputs, among them all arguments after "--".
  std::vector<std::string> inputs() const;
  /// After `check`: whether the option is there.
  bool given(const std::string& option) const { return is_given(app_, option); }

  /// Throws unless `condition`.
  void require(bool condition, const std::string& problem) const;

 private:
  using Problem = std::function<std::string()>;
  struct Rules {
    std::string option;
    std::vector<std::string> excluded;
    Problem misplaced;
    Problem missing;
    Problem wrong;
  };

  /// --config and --no-config.
  struct Configuration {
    std::optional<std::filesystem::path> file;
    bool none = false;
  };

  void apply(const Settings& settings);
  std::vector<std::string> values_of(const Setting& setting, const CLI::Option& option) const;
  bool is_out_of_place(const std::string& option) const;
  [[noreturn]] void fail(const std::string& problem) const;
  std::string unknown_option(const std::string& argument) const;
  std::string describe_leftover() const;
  HelpPage page() const;

  Manual manual_;
  CLI::App app_;
  std::vector<Rules> rules_;
  std::map<std::string, Completion> completions_;  ///< by "--name", or the argument's name
  Configuration configuration_;
  std::vector<std::string> settable_;           ///< options that may stand elsewhere
  std::map<std::string, std::string> sources_;  ///< of those that do: where
};

}  // namespace caption::cli
