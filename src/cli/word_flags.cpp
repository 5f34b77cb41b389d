#include "cli/word_flags.h"

#include <string>
#include <vector>

#include "cli/word_list.h"

namespace caption::cli {
namespace {

using Options = DecodeOptions;

/// Takes words, one each time, or files of them.
Flag<Options> words(const std::string& names, std::vector<std::string> Options::*member,
                    const std::string& help) {
  return {names, [=](CLI::App& app, Options& target) {
            const auto set = [&value = target.*member, names](const std::vector<std::string>& values) {
              value = words_of(names, values);
            };
            return app.add_option_function<std::vector<std::string>>(names, set, help)
                ->type_name("WORD")
                ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
                ->expected(1)
                ->allow_extra_args(false);
          }};
}

}  // namespace

Flags<DecodeOptions> word_flags() {
  return {
      number("--repetition-penalty", &Options::repetition_penalty, {0.0, kHighestRepetitionPenalty, true},
             "What a caption says already becomes less likely: above 1 the more so; 1 changes nothing"),
      words("--ban", &Options::banned,
            "No caption contains WORD: as written, in small letters or with a large first letter, behind a "
            "space or not; \"dog\" does not ban \"dogs\". May be given several times; @FILE has a word in "
            "each line"),
      words(
          "--require", &Options::required,
          "Every caption contains WORD, in small letters or with a large first letter; may be given several "
          "times, and @FILE is as for --ban. For a beam of at least 2")
          .excludes({"--sample"}, "--require is for a search: it does not go with --sample"),
      text("--prompt", &Options::prompt,
           "Captions begin with TEXT, and the model goes on from it. TEXT is part of the caption, and not of "
           "its score and its count of tokens"),
      on("--keep-going-past-stop", &Options::past_stop,
         "The model's stop token ends no caption, for more than one sentence: --max-tokens or --stop does")
          .excludes({"--min-tokens"},
                    "--min-tokens is about the stop token, which --keep-going-past-stop "
                    "goes past"),
  };
}

}  // namespace caption::cli
