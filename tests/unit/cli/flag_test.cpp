#include "cli/flag.h"

#include <gtest/gtest.h>

#include <limits>

#include "cli/decode_flags.h"
#include "cli/model_flags.h"
#include "cli/parser.h"
#include "cli/suggestions.h"

namespace caption::cli {
namespace {

struct Values {
  int count = 2;
  double share = 0.5;
  std::optional<std::string> file;
  std::optional<std::string> kind;
  bool loud = false;
  bool shown = true;
};

Flags<Values> flags() {
  return {
      number("--count", &Values::count, {1, 9}, "How many").required(),
      number("--share", &Values::share, {0.0, 1.0, true}, "Which part"),
      name("--file", &Values::file, "FILE", "Where to").needs({"--loud"}, "--file is for --loud"),
      choice("--kind", &Values::kind, "KIND", {{"one", "1"}, {"other", "2"}}, "Which kind"),
      on("-l,--loud", &Values::loud, "Say it")
          .excludes({"--hide"}, "--loud does not hide")
          .check([](const Values& values) { return values.count == 7 ? "seven is too loud" : ""; }),
      on("--hide", &Values::shown, "Do not show it", false),
  };
}

class FlagTest : public ::testing::Test {
 protected:
  /// The error of these arguments, or nothing.
  std::string parse(const std::vector<std::string>& arguments) {
    values_ = {};
    Parser parser({"test", "a test", "  test\n", ""});
    parser.add("Options", flags(), values_);
    try {
      const std::optional<HelpPage> page = parser.parse(arguments);
      help_ = page ? page->text() : "";
      if (help_.empty()) parser.check();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      std::string message = error.what();
      const std::string pointer = "; see 'test --help'";
      EXPECT_TRUE(message.ends_with(pointer));
      return message.substr(0, message.size() - pointer.size());
    }
    return "";
  }

  Values values_;
  std::string help_;
};

TEST_F(FlagTest, ValuesGetWhereTheyBelong) {
  EXPECT_EQ(parse({"--count", "9", "--share=1", "-l", "--file", "-", "--kind", "other"}), "");
  EXPECT_EQ(values_.count, 9);
  EXPECT_EQ(values_.share, 1);
  EXPECT_TRUE(values_.loud);
  EXPECT_EQ(values_.file, "-");
  EXPECT_EQ(values_.kind, "2");
  EXPECT_EQ(parse({"--count", "1", "--count", "3", "--hide"}), "");
  EXPECT_EQ(values_.count, 3);
  EXPECT_FALSE(values_.shown);
}

TEST_F(FlagTest, WhatIsWrongIsNamed) {
  EXPECT_EQ(parse({}), "--count is missing");
  EXPECT_EQ(parse({"--count", "10"}), "--count: needs a whole number from 1 to 9, not '10'");
  EXPECT_EQ(parse({"--share", "0"}), "--share: needs a number above 0, at most 1, not '0'");
  EXPECT_EQ(parse({"--kind", "oter"}), "--kind: needs one or other, not 'oter' (did you mean 'other'?)");
  EXPECT_EQ(parse({"--file", "--loud"}), "--file: needs a name, not '--loud' (write ./--loud if it is one)");
  EXPECT_EQ(parse({"--count", "1", "--file", "x"}), "--file is for --loud");
  EXPECT_EQ(parse({"--loud", "--hide"}), "--loud does not hide");
  EXPECT_EQ(parse({"--count", "7"}), "seven is too loud");
  EXPECT_EQ(parse({"--cuont", "7"}), "unknown option '--cuont' (did you mean '--count'?)");
}

TEST_F(FlagTest, HelpSaysWhatIsTaken) {
  EXPECT_EQ(parse({"--help"}), "");
  EXPECT_NE(help_.find("How many [from 1 to 9; default 2]"), std::string::npos) << help_;
  EXPECT_NE(help_.find("Which part [above 0, at most 1; default"), std::string::npos);
  EXPECT_NE(help_.find("Which kind [one or other]"), std::string::npos);
  EXPECT_NE(help_.find("  -l, --loud"), std::string::npos);
}

TEST(PickedFlags, AreTheOnesOfThatName) {
  const Flags<Values> picked = pick(flags(), {"--loud", "--count"});
  ASSERT_EQ(picked.size(), 2U);
  EXPECT_EQ(picked[0].name(), "--loud");
  EXPECT_THROW(pick(flags(), {"--lout"}), Error);
}

TEST(DecodeFlags, DefaultsAreThoseOfTheOptions) {
  DecodeOptions options;
  Parser parser({"test", "a test", "", ""});
  parser.add("Captions", decode_flags(), options);
  EXPECT_FALSE(parser.parse({"--beam", "3", "--n-best", "3"}));
  EXPECT_NO_THROW(parser.check());
  EXPECT_EQ(options.beam, 3);
  EXPECT_EQ(options.temperature, DecodeOptions().temperature);
}

TEST(PrecisionNames, AreWhatTheOptionTakes) {
  EXPECT_EQ(precision_name(Precision::automatic), "auto");
  EXPECT_EQ(precision_name(Precision::bf16), "bf16");
}

TEST(Suggestions, SwapsCountAsOne) {
  EXPECT_EQ(edit_distance("baem", "beam"), 1U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(did_you_mean("xyz", {"beam"}), "");
}

}  // namespace
}  // namespace caption::cli
