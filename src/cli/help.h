#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace caption::cli {

/// Lays a help page out: description, usage, the options in their groups with wrapped text, and the footer.
class HelpFormatter : public CLI::Formatter {
 public:
  /// `usage`: the lines after "Usage:".
  explicit HelpFormatter(std::string usage);

  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
  std::string make_option(const CLI::Option* option, bool is_positional) const override;

 private:
  std::string usage_;
};

}  // namespace caption::cli
