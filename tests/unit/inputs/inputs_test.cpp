#include "inputs/inputs.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "caption/error.h"
#include "inputs/image_names.h"
#include "inputs/raw_pairs.h"
#include "inputs/read_input.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

const std::atomic<bool> kGoOn{false};
const std::atomic<bool> kStop{true};

class InputsTest : public ::testing::Test {
 protected:
  InputsTest() {
    fs::create_directories(folder_ / "photos/deep");
    for (const char* name : {"a.jpg", "photos/c.PNG", "photos/b.jpg", "photos/.hidden.jpg",
                             "photos/notes.txt", "photos/deep/d.webp"}) {
      write(name, name);
    }
  }
  ~InputsTest() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  std::string at(const std::string& name) const { return (folder_ / name).string(); }

  /// The names without the folder's.
  std::vector<std::string> names(const InputOptions& options) {
    Inputs inputs(options, [this](const std::string& message) { warnings_ += message; });
    std::vector<std::string> all;
    while (const std::optional<Input> input = inputs.next(kGoOn)) {
      all.push_back(input->name.starts_with(folder_.string())
                        ? input->name.substr(folder_.string().size() + 1)
                        : input->name);
    }
    return all;
  }

  const fs::path folder_ = fs::temp_directory_path() / ("caption-inputs-" + std::to_string(::getpid()));
  std::string warnings_;
};

using Names = std::vector<std::string>;

TEST_F(InputsTest, FoldersAreReplacedByTheirImages) {
  EXPECT_EQ(names({.names = {at("photos"), at("a.jpg"), at("missing.jpg")}}),
            (Names{"photos/b.jpg", "photos/c.PNG", "a.jpg", "missing.jpg"}));
  EXPECT_EQ(names({.names = {at("photos")}, .recursive = true}),
            (Names{"photos/b.jpg", "photos/c.PNG", "photos/deep/d.webp"}));
  EXPECT_EQ(warnings_, "");
}

TEST_F(InputsTest, AListComesAfterTheArguments) {
  write("list", at("photos") + "\n\n" + at("a.jpg"));
  EXPECT_EQ(names({.names = {"x"}, .files_from = at("list")}),
            (Names{"x", "photos/b.jpg", "photos/c.PNG", "a.jpg"}));
  write("list", std::string("a\nb\0c\0", 6));
  EXPECT_EQ(names({.files_from = at("list"), .null_separated = true}), (Names{"a\nb", "c"}));
}

TEST_F(InputsTest, MessagesHaveTheCallersAdvice) {
  fs::create_directories(folder_ / "empty/deep");
  EXPECT_EQ(names({.names = {at("empty")}, .advice = {.recursive = "; ask for more"}}), Names{});
  EXPECT_TRUE(warnings_.ends_with("; ask for more")) << warnings_;
  write("list", std::string("a\0b", 3));
  try {
    names({.files_from = at("list"), .advice = {.list = " of names", .null_separated = ": say so"}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()),
              "cannot read the list '" + at("list") + "' of names: it has NUL bytes: say so");
  }
}

TEST_F(InputsTest, AreCountedIfTheyStayForTheRun) {
  write("list", at("photos") + "\n" + at("a.jpg"));
  EXPECT_EQ(count_inputs({.names = {at("photos"), "-"}, .files_from = at("list")}, kGoOn), 6U);
  EXPECT_EQ(count_inputs({.names = {at("photos")}}, kStop), 0U);
  EXPECT_EQ(count_inputs({.files_from = "-"}, kGoOn), 0U);
  EXPECT_EQ(count_inputs({.files_from = at("nowhere")}, kGoOn), 0U);
}

TEST_F(InputsTest, OneArgumentThatIsNoFolderIsASingleImage) {
  EXPECT_TRUE(is_single_image({.names = {at("a.jpg")}}));
  EXPECT_TRUE(is_single_image({.names = {"-"}}));
  EXPECT_FALSE(is_single_image({.names = {at("photos")}}));
  EXPECT_FALSE(is_single_image({.names = {"a", "b"}}));
  EXPECT_FALSE(is_single_image({.names = {"a"}, .files_from = "list"}));
}

TEST_F(InputsTest, AFilesBytesOrWhyThereAreNone) {
  EXPECT_EQ(read_input({"a", at("a.jpg")}, kGoOn).size(), 5U);
  const auto kind_of = [&](const std::string& name) {
    try {
      read_input({name, name}, kGoOn);
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::internal;
  };
  EXPECT_EQ(kind_of(at("nowhere")), ErrorKind::not_found);
  EXPECT_EQ(kind_of(at("photos")), ErrorKind::unreadable);
  EXPECT_EQ(kind_of("/dev/null"), ErrorKind::unreadable);
}

TEST(ImageNames, EndInAnyCase) {
  for (const char* name : {"a.jpg", "b.JPEG", ".tif", "x.y.Png", "IMG_1.HEIC", "IMG_1.Nef"})
    EXPECT_TRUE(has_image_extension(name)) << name;
  for (const char* name : {"jpg", "a.jpg2", "a.", "", "a.svg"})
    EXPECT_FALSE(has_image_extension(name)) << name;
  EXPECT_TRUE(is_drawing_name("a.SVG"));
  EXPECT_FALSE(is_drawing_name("a.svg.png"));
  EXPECT_TRUE(is_raw_name("a.CR3"));
  EXPECT_FALSE(is_raw_name("a.jpg"));
}

TEST(RawPairs, AreOneNameWithTwoExtensions) {
  EXPECT_TRUE(is_raw_of("in/IMG_1.NEF", "in/IMG_1.JPG"));
  EXPECT_TRUE(is_raw_of("a.dng", "a.heic"));
  for (const char* other : {"in/IMG_2.JPG", "IMG_1.JPG", "in/img_1.JPG", "in/IMG_1.png", "in/IMG_1.JPG.JPG"})
    EXPECT_FALSE(is_raw_of("in/IMG_1.NEF", other)) << other;
  EXPECT_FALSE(is_raw_of("a.jpg", "a.JPG"));
  Names names = {"c.arw", "a.cr2", "b.jpg", "a.jpg", "b.png", "a.dng"};
  EXPECT_EQ(take_out_paired_raws(names), (Names{"a.cr2", "a.dng"}));
  EXPECT_EQ(names, (Names{"c.arw", "b.jpg", "a.jpg", "b.png"}));
}

}  // namespace
}  // namespace caption
