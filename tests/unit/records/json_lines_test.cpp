#include "records/json_lines.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "caption/error.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

class JsonLinesTest : public ::testing::Test {
 protected:
  void TearDown() override { fs::remove(file_); }

  void write(const std::string& text) const { std::ofstream(file_, std::ios::binary) << text; }

  static std::string failure(JsonLines& lines) {
    try {
      while (lines.next()) {
      }
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      return error.what();
    }
    return "";
  }

  const fs::path file_ = fs::temp_directory_path() / ("caption-lines-" + std::to_string(::getpid()));
};

const std::string kLine = "{\"image\":\"a\"}\n";
const std::string kOther = "{\"image\":\"z\",\"ends\":[1,2]}\n";

TEST_F(JsonLinesTest, ReadsObjects) {
  write(kLine + kOther);
  JsonLines lines(file_);
  EXPECT_EQ(lines.next()->at("image"), "a");
  EXPECT_EQ(lines.whole(), kLine.size());
  EXPECT_EQ(lines.next()->at("ends").at(1), 2);
  EXPECT_FALSE(lines.next());
  EXPECT_FALSE(lines.cut());
  EXPECT_EQ(lines.whole(), fs::file_size(file_));
}

TEST_F(JsonLinesTest, AnEmptyFileIsWhole) {
  write("");
  JsonLines lines(file_);
  EXPECT_FALSE(lines.next());
  EXPECT_FALSE(lines.cut());
  EXPECT_EQ(lines.whole(), 0U);
}

TEST_F(JsonLinesTest, ALastLineThatIsCutIsToldAndEndsTheFile) {
  for (std::size_t length = 1; length < kLine.size(); ++length) {
    write(kLine + kOther + kLine.substr(0, length));
    JsonLines lines(file_);
    EXPECT_TRUE(lines.next() && lines.next());
    EXPECT_FALSE(lines.next());
    EXPECT_TRUE(lines.cut()) << length;
    EXPECT_EQ(lines.whole(), kLine.size() + kOther.size());
    EXPECT_FALSE(lines.next());
  }
}

TEST_F(JsonLinesTest, ALastLineThatIsNoObjectIsCutToo) {
  for (const std::string rubbish : {"{\"image\":\"a\n", "\n", "[]\n"}) {
    write(kLine + rubbish);
    JsonLines lines(file_);
    EXPECT_EQ(failure(lines), "");
    EXPECT_TRUE(lines.cut());
    EXPECT_EQ(lines.whole(), kLine.size());
  }
}

TEST_F(JsonLinesTest, ADamagedLineInTheMiddleIsAnErrorThatNamesIt) {
  for (const std::string damaged : {"{\"image\":\"a", "", "[]", "1"}) {
    write(kLine + damaged + "\n" + kOther);
    JsonLines lines(file_);
    EXPECT_EQ(failure(lines), "cannot read '" + file_.string() + "': line 2: it is no JSON object");
    EXPECT_EQ(lines.whole(), kLine.size());
  }
}

TEST_F(JsonLinesTest, AFileThatCannotBeReadIsAnError) {
  EXPECT_THROW(JsonLines{"/nowhere/lines"}, Error);
  JsonLines folder{fs::temp_directory_path()};
  EXPECT_NE(failure(folder), "");
}

}  // namespace
}  // namespace caption
