#include "model/published.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "caption/error.h"
#include "scratch_folder.h"

namespace caption {
namespace {

using nlohmann::ordered_json;

const std::filesystem::path kOurs = std::filesystem::path(CAPTION_TEST_DATA) / "../../models/published.json";

TEST(Published, EveryModelHasItsFiles) {
  const Published published = read_published(kOurs);
  ASSERT_EQ(published.models.size(), 3U);
  for (const PublishedModel& model : published.models) {
    EXPECT_EQ(published.file(model.clip).name, model.clip);
    EXPECT_EQ(published.file(model.captioner).name, model.captioner);
    EXPECT_EQ(published.find_model(model.name), &model);
  }
  EXPECT_EQ(published.find_model("demo"), nullptr);
}

TEST(Published, FilesAreFoundByTheirHash) {
  const Published published = read_published(kOurs);
  int hashes = 0;
  for (const PublishedFile& file : published.files) {
    if (file.sha256.empty()) continue;
    ++hashes;
    EXPECT_EQ(published.find_by_hash(file.sha256), &file);
    // OpenAI's addresses contain the hash.
    EXPECT_NE(file.addresses.at(0).find("/" + file.sha256 + "/" + file.name), std::string::npos);
    EXPECT_TRUE(file.exact);
  }
  EXPECT_EQ(hashes, 9);
  EXPECT_EQ(published.find_by_hash(std::string(64, '0')), nullptr);
  EXPECT_EQ(published.find_by_hash(""), nullptr);  // which files without a hash have
}

class WrongTable : public ScratchFolder {
 protected:
  /// What is said of our table once `change` has changed it, unless that has `words`.
  template <typename Change>
  std::string says(const Change& change, const std::string& words) const {
    ordered_json list = ordered_json::parse(read(kOurs));
    change(list);
    write("table.json", list.dump());
    const std::string text = message_of([&] { read_published(folder_ / "table.json"); });
    return text.find(words) != std::string::npos ? std::string() : text;
  }
};

TEST_F(WrongTable, IsRefused) {
  using Json = ordered_json;
  EXPECT_EQ(says([](Json& j) { j["format"] = 2; }, "'format': expected 1, found 2"), "");
  EXPECT_EQ(says([](Json& j) { j["files"][0].erase("bytes"); }, "'files[0].bytes' is missing"), "");
  EXPECT_EQ(says([](Json& j) { j["files"][1]["sha256"] = "abc"; }, "files[1].sha256"), "");
  EXPECT_EQ(says([](Json& j) { j["files"][0]["addresses"] = Json::array(); }, "at least one address"), "");
  EXPECT_EQ(says([](Json& j) { j["files"][0]["addresses"][0] = "file:///x"; }, "begin with https://"), "");
  EXPECT_EQ(says([](Json& j) { j["files"][0]["name"] = "../x"; }, "files[0].name"), "");
  EXPECT_EQ(says([](Json& j) { j["files"][1]["name"] = j["files"][0]["name"]; }, "no other file has"), "");
  EXPECT_EQ(says([](Json& j) { j["models"][0]["clip"] = "other.pt"; }, "models[0].clip"), "");
  EXPECT_EQ(says([](Json& j) { j["more"] = 1; }, "unknown field 'more'"), "");
}

}  // namespace
}  // namespace caption
