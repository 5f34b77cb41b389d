#include "records/sidecars.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "caption/error.h"
#include "files/small_file.h"
#include "records/json.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

class SidecarsTest : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  std::string read(const fs::path& name) const {
    std::ifstream stream(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  /// One after the other.
  static std::function<fs::path()> files(std::vector<fs::path> files) {
    return [files = std::move(files), next = std::size_t{0}]() mutable { return files.at(next++); };
  }

  const fs::path folder_ = fs::temp_directory_path() / ("caption-sidecars-" + std::to_string(::getpid()));
  const Record good_{"a.jpg", {{"A cat.", {}, -1.5, -0.5}, {"A dog.", {}, -3, -1}}, {}, {}};
  const Record bad_{"b.jpg", {}, Error(ErrorKind::corrupt, "b.jpg: no"), {}};
};

TEST_F(SidecarsTest, HaveThePicturesNameWithAnotherEnd) {
  EXPECT_EQ(sidecar_of("d.x/a.b.jpg", SidecarFormat::txt), "d.x/a.b.txt");
  EXPECT_EQ(sidecar_of("d.x/a", SidecarFormat::json), "d.x/a.json");
}

TEST_F(SidecarsTest, AreWrittenForWhatHasACaption) {
  const auto writer = make_sidecars({.prefix = "sks, ", .suffix = " end"},
                                    files({folder_ / "deep/a.txt", folder_ / "b.txt"}));
  writer->write(good_);
  writer->write(bad_);
  EXPECT_EQ(read("deep/a.txt"), "sks, A cat. end\n");
  EXPECT_FALSE(fs::exists(folder_ / "b.txt"));
  EXPECT_THROW(writer->write(good_), std::out_of_range);
}

TEST_F(SidecarsTest, AreReplacedOrAppendedTo) {
  for (const std::string before : {"", "tag", "tag\n"}) {
    std::ofstream(folder_ / "a.txt", std::ios::binary) << before;
    make_sidecars({.append = true}, files({folder_ / "a.txt"}))->write(good_);
    EXPECT_EQ(read("a.txt"), before.empty() ? "A cat.\n" : "tag\nA cat.\n");
  }
  make_sidecars({}, files({folder_ / "a.txt"}))->write(good_);
  EXPECT_EQ(read("a.txt"), "A cat.\n");
  make_sidecars({.append = true}, files({folder_ / "new.txt"}))->write(good_);
  EXPECT_EQ(read("new.txt"), "A cat.\n");
}

TEST_F(SidecarsTest, OfJsonAreTheRecord) {
  make_sidecars({.format = SidecarFormat::json, .model = "m", .several_captions = true},
                files({folder_ / "a.json"}))
      ->write(good_);
  EXPECT_EQ(read("a.json"), json_line(record_json(good_, "m", true)));
}

TEST_F(SidecarsTest, AFileIsWholeOrAsItWas) {
  const fs::path file = folder_ / "a.txt";
  std::ofstream(folder_ / ".a.txt.partial") << "left behind by another, and longer";
  replace_small_file(file, "new\n");
  EXPECT_EQ(read("a.txt"), "new\n");
  EXPECT_FALSE(fs::exists(folder_ / ".a.txt.partial"));
  fs::create_directory(folder_ / "b.txt");
  EXPECT_THROW(replace_small_file(folder_ / "b.txt", "x"), Error);
  EXPECT_FALSE(fs::exists(folder_ / ".b.txt.partial"));
  EXPECT_THROW(replace_small_file(file / "c.txt", "x"), Error);
}

}  // namespace
}  // namespace caption
