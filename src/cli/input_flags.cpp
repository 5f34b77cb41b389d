#include "cli/input_flags.h"

#include <charconv>
#include <string>

namespace caption::cli {
namespace {

/// A number from 1 on, all of `text`.
bool to_part(std::string_view text, std::uint64_t& part) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), part);
  return error == std::errc() && end == text.data() + text.size() && part > 0;
}

/// Takes "I/N".
Flag<InputOptions> shard_flag(const std::string& names, const std::string& help) {
  return {names, [=](CLI::App& app, InputOptions& options) {
            const auto set = [&shard = options.shard, names](const std::string& text) {
              const std::string_view whole = text;
              const std::size_t slash = whole.find('/');
              const bool right = slash != std::string::npos && to_part(whole.substr(0, slash), shard.index) &&
                                 to_part(whole.substr(slash + 1), shard.count) && shard.index <= shard.count;
              if (!right)
                throw CLI::ValidationError(names,
                                           "needs I/N, the I-th of N parts, as 1/4, not '" + text + "'");
            };
            return app.add_option_function<std::string>(names, set, help)->type_name("I/N");
          }};
}

}  // namespace

Flags<Patterns> pattern_flags() {
  return {
      text("--include", &Patterns::include,
           "Of folders and archives, take only image files whose names this shell pattern fits (*, ?, "
           "[...]); one with a "
           "'/' is for the path below it. May be given several times"),
      text("--exclude", &Patterns::exclude,
           "Of these, leave out files and subfolders that this pattern fits, likewise"),
  };
}

Flags<InputOptions> input_flags() {
  return {
      on("-r,--recursive", &InputOptions::recursive, "Descend into subfolders"),
      name("--files-from", &InputOptions::files_from, "FILE",
           "Read further inputs from FILE, one per line; - is standard input"),
      on("--watch", &InputOptions::watch,
         "Then wait for what arrives in the folders, and take each image file once it is complete: closed "
         "after "
         "writing, or moved there. Ctrl-C or SIGTERM ends the run")
          .excludes({"--files-from"},
                    "--watch is about folders that are named: it does not go with --files-from")
          .excludes(
              {"--resume"},
              "--watch does not go with --resume: with --sidecar or --write-metadata, a run leaves out what "
              "an earlier one has done"),
      on("--tar", &InputOptions::tars,
         "Inputs are tar archives, whatever they are called, and '-' is one on standard input"),
      on("-0,--null", &InputOptions::null_separated,
         "Names in --files-from and --failed end with NUL instead of a newline")
          .needs({"--files-from", "--failed"}, "--null is for --files-from and --failed"),
      shard_flag("--shard",
                 "Take the I-th of N parts of all inputs, for I from 1 to N: by a hash of each name as it is "
                 "given, so that new files move no other. N machines take a part each"),
  };
}

InputAdvice input_advice() {
  return {" of --files-from", ": add --null (-0)", "; add -r to look into its subfolders",
          "; add --svg to read SVG"};
}

}  // namespace caption::cli
