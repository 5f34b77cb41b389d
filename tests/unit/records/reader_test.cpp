#include "records/reader.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "records/writers.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

class ReaderTest : public ::testing::Test {
 protected:
  void TearDown() override { fs::remove(file_); }

  void write(const std::string& text) const { std::ofstream(file_, std::ios::binary) << text; }

  void write(const std::vector<Record>& records, bool several) const {
    Output output(file_);
    const auto writer = make_writer({RecordFormat::jsonl, "demo", several}, output);
    for (const Record& record : records) writer->write(record);
  }

  std::string failure(RecordReader& reader) const {
    try {
      while (reader.next()) {
      }
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      return error.what();
    }
    return "";
  }

  const fs::path file_ = fs::temp_directory_path() / ("caption-records-" + std::to_string(::getpid()));
};

constexpr const char* kLine = R"({"image":"a","caption":"b","score":-1.0,"mean_logprob":-0.5,"model":"m"})"
                              "\n";
constexpr const char* kOther = R"({"image":"z","error":{"code":"corrupt","message":"z: no"},"model":"m"})"
                               "\n";

TEST_F(ReaderTest, ReadsWhatTheWriterWrote) {
  const std::vector<Record> records = {
      {"plain.jpg", {{"A cat.", {}, -3.25, -1.0 / 3}}, {}, {}},
      {"unsure.jpg", {{"A dog.", {}, -3.25, -3.25, true}}, {}, {}},
      {"odd \"name\"\n\t\\.jpg", {{"", {}, 0, 0}}, {}, {}},
      {"caf\xC3\xA9.jpg", {}, Error(ErrorKind::not_found, "caf\xC3\xA9.jpg: no such file"), {}},
      {"-", {}, Error(ErrorKind::too_large, ""), {}},
  };
  write(records, false);
  RecordReader reader(file_);
  for (const Record& expected : records) {
    const std::optional<StoredRecord> stored = reader.next();
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->model, "demo");
    EXPECT_EQ(stored->record.image, expected.image);
    ASSERT_EQ(stored->record.captions.size(), expected.captions.size());
    for (std::size_t i = 0; i < expected.captions.size(); ++i) {
      EXPECT_EQ(stored->record.captions[i].text, expected.captions[i].text);
      EXPECT_EQ(stored->record.captions[i].score, expected.captions[i].score);
      EXPECT_EQ(stored->record.captions[i].mean_logprob, expected.captions[i].mean_logprob);
      EXPECT_EQ(stored->record.captions[i].unsure, expected.captions[i].unsure);
    }
    ASSERT_EQ(stored->record.error.has_value(), expected.error.has_value());
    if (!expected.error) continue;
    EXPECT_EQ(stored->record.error->kind(), expected.error->kind());
    EXPECT_STREQ(stored->record.error->what(), expected.error->what());
  }
  EXPECT_FALSE(reader.next());
  EXPECT_FALSE(reader.cut());
  EXPECT_EQ(reader.whole(), fs::file_size(file_));
}

TEST_F(ReaderTest, ReadsAllCaptionsOfAnImage) {
  write({{"a", {{"one", {}, -1, -1}, {"two", {}, -2, -1}}, {}, {}},
         {"b", {}, Error(ErrorKind::corrupt, "b"), {}}},
        true);
  RecordReader reader(file_);
  const std::optional<StoredRecord> first = reader.next();
  ASSERT_TRUE(first);
  ASSERT_EQ(first->record.captions.size(), 2U);
  EXPECT_EQ(first->record.captions[1].text, "two");
  EXPECT_EQ(first->record.captions[1].score, -2);
  EXPECT_TRUE(reader.next()->record.error);
}

TEST_F(ReaderTest, BytesThatAreNoTextWereReplaced) {
  write({{"caf\xE9.jpg", {{"x", {}, 0, 0}}, {}, {}}}, false);
  EXPECT_EQ(RecordReader(file_).next()->record.image, "caf\xEF\xBF\xBD.jpg");
}

TEST_F(ReaderTest, AnEmptyFileIsWhole) {
  write(std::string());
  RecordReader reader(file_);
  EXPECT_FALSE(reader.next());
  EXPECT_FALSE(reader.cut());
  EXPECT_EQ(reader.whole(), 0U);
}

TEST_F(ReaderTest, ALastLineThatIsCutIsToldAndEndsTheFile) {
  const std::string whole = std::string(kLine) + kOther;
  for (std::size_t length = 1; length < std::string(kLine).size(); ++length) {
    write(whole + std::string(kLine).substr(0, length));
    RecordReader reader(file_);
    EXPECT_TRUE(reader.next() && reader.next());
    EXPECT_FALSE(reader.next());
    EXPECT_TRUE(reader.cut()) << length;
    EXPECT_EQ(reader.whole(), whole.size());
    EXPECT_FALSE(reader.next());
  }
}

TEST_F(ReaderTest, ALastLineThatIsNoRecordIsCutToo) {
  for (const std::string rubbish : {"{\"image\":\"a\n", "\n", "[]\n"}) {
    write(kLine + rubbish);
    RecordReader reader(file_);
    EXPECT_EQ(failure(reader), "");
    EXPECT_TRUE(reader.cut());
    EXPECT_EQ(reader.whole(), std::string(kLine).size());
  }
}

TEST_F(ReaderTest, ADamagedLineInTheMiddleIsAnErrorThatNamesIt) {
  const std::pair<const char*, const char*> cases[] = {
      {"{\"image\":\"a", "it is no JSON object"},
      {"", "it is no JSON object"},
      {"{}", "\"image\" is missing"},
      {R"({"image":1,"model":"m"})", "\"image\" is no text"},
      {R"({"image":"a","model":"m"})", "\"caption\" is missing"},
      {R"({"image":"a","model":"m","caption":"x","score":"1","mean_logprob":0})", "\"score\" is no number"},
      {R"({"image":"a","model":"m","captions":[]})", "\"captions\" is empty"},
      {R"({"image":"a","model":"m","captions":[1]})", "\"caption\" is missing"},
      {R"({"image":"a","model":"m","error":{"code":"usage","message":""}})", "code 'usage' is not known"},
  };
  for (const auto& [line, why] : cases) {
    write(std::string(kLine) + line + "\n" + kOther);
    RecordReader reader(file_);
    const std::string message = failure(reader);
    EXPECT_NE(message.find(file_.string() + "': line 2 is no record: "), std::string::npos) << message;
    EXPECT_NE(message.find(why), std::string::npos) << message;
    EXPECT_EQ(reader.whole(), std::string(kLine).size());
  }
}

TEST_F(ReaderTest, AFileThatCannotBeReadIsAnError) {
  EXPECT_THROW(RecordReader{"/nowhere/records"}, Error);
  RecordReader folder{fs::temp_directory_path()};
  EXPECT_NE(failure(folder), "");
}

}  // namespace
}  // namespace caption
