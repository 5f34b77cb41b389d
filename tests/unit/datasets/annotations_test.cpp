#include "datasets/annotations.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "caption/error.h"
#include "scratch_file.h"

namespace caption {
namespace {

std::vector<AnnotatedImage> read(const std::string& text, CaptionFields fields = CaptionFields::all) {
  const ScratchFile file(text);
  return read_annotations(file.path(), fields);
}

/// "NAME: CAPTION / CAPTION; NAME: ..."
std::string shown(const std::vector<AnnotatedImage>& images) {
  std::string text;
  for (const AnnotatedImage& image : images) {
    text += (text.empty() ? "" : "; ") + image.name + ":";
    for (std::size_t i = 0; i < image.captions.size(); ++i)
      text += (i == 0 ? " " : " / ") + image.captions[i];
  }
  return text;
}

std::string message(const std::string& text) {
  try {
    read(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  ADD_FAILURE() << "no error: " << text;
  return {};
}

#define EXPECT_SAYS(text, part) EXPECT_NE(message(text).find(part), std::string::npos) << message(text)

TEST(Annotations, Coco) {
  const auto images =
      read(R"({"images": [{"id": 7, "file_name": "b.jpg"}, {"id": 3, "file_name": "a.jpg"}],)"
           R"( "annotations": [{"image_id": 3, "caption": "x"}, {"image_id": 7, "caption": "y"},)"
           R"( {"image_id": 3, "caption": "z"}]})");
  EXPECT_EQ(shown(images), "b.jpg: y; a.jpg: x / z");
  EXPECT_EQ(images[1].id, 3);
  EXPECT_EQ(shown(read(R"([{"image_id": 3, "caption": "x"}, {"image_id": 4, "caption": "y"}])")),
            "3: x; 4: y");
}

TEST(Annotations, Karpathy) {
  const auto images = read(
      R"({"dataset": "coco", "images": [{"filename": "COCO_val2014_000000000042.jpg", "cocoid": 42, "imgid": 0,)"
      R"( "split": "test", "sentences": [{"raw": "A cat.", "tokens": ["a", "cat"]}, {"raw": "Cat"}]}]})");
  EXPECT_EQ(shown(images), "COCO_val2014_000000000042.jpg: A cat. / Cat");
  EXPECT_EQ(images[0].id, 42);
  EXPECT_EQ(images[0].split, "test");
}

TEST(Annotations, RecordsTakeTheBestCaptionOrAll) {
  const std::string lines =
      "{\"image\":\"a.jpg\",\"caption\":\"x\",\"captions\":[{\"caption\":\"x\"},{\"caption\":\"y\"}]}\n\n"
      "{\"image\":\"b.jpg\",\"error\":{\"code\":\"corrupt\"}}\n";
  EXPECT_EQ(shown(read(lines)), "a.jpg: x / y; b.jpg:");
  const auto best = read(lines, CaptionFields::best);
  EXPECT_EQ(shown(best), "a.jpg: x; b.jpg:");
  EXPECT_TRUE(best[1].failed);
  EXPECT_EQ(shown(read(R"({"image_id": 1, "captions": ["p", "q"]})")), "1: p / q");
  EXPECT_EQ(shown(read(R"({"a.jpg": ["p", "q"], "b.jpg": "r"})")), "a.jpg: p / q; b.jpg: r");
}

TEST(Annotations, Tables) {
  EXPECT_EQ(shown(read("a.jpg#0\tA cat .\na.jpg#1\tCat\r\nb.jpg#0\tDog\n")),
            "a.jpg: A cat . / Cat; b.jpg: Dog");
  EXPECT_EQ(shown(read("photos/a b.jpg\tA cat.\n")), "photos/a b.jpg: A cat.");
  EXPECT_EQ(shown(read("image,caption\r\na.jpg,\"A \"\"big\"\" cat,\nhere\"\r\na.jpg,Cat\r\n")),
            "a.jpg: A \"big\" cat,\nhere / Cat");
  EXPECT_EQ(shown(read("image_name| comment_number| comment\na.jpg| 0| A cat .\n")), "a.jpg: A cat .");
  EXPECT_EQ(shown(read("caption\tfilename\nA cat\ta.jpg\n")), "a.jpg: A cat");
  const std::string ours =
      "image,rank,caption,score,mean_logprob,model,error,message\r\na.jpg,1,x,-1,-1,m,,\r\na.jpg,2,y,-2,-1,m,"
      ",\r\n"
      "b.jpg,,,,,m,corrupt,why\r\n";
  EXPECT_EQ(shown(read(ours, CaptionFields::best)), "a.jpg: x; b.jpg:");
}

TEST(Annotations, EncodingsOfOtherSystems) {
  EXPECT_EQ(shown(read("\xEF\xBB\xBFimage,caption\na,x\n")), "a: x");
  const std::string units = "a\tx\xE9\n";
  std::string utf16 = "\xFF\xFE";
  for (const char c : units) utf16 += std::string{c, '\0'};
  EXPECT_EQ(shown(read(utf16)), "a: x\xC3\xA9");
  EXPECT_SAYS("a\tx\nb\tcaf\xE9\n", "line 2 is not in UTF-8");
}

TEST(Annotations, WhatIsWrongIsSaidWithItsPlace) {
  EXPECT_SAYS("", "it is empty");
  EXPECT_SAYS("{\"image\":\"a\",\"caption\":\"x\"}\n{\"image\":\"b\",\"capt", "line 2: it is no JSON");
  EXPECT_SAYS("[{\"image_id\": 1, \"caption\": \"x\"},\n{\"image_id\": 2,\n",
              "line 3: it is no JSON from there on");
  EXPECT_SAYS(R"([{"image_id": 1, "caption": "x"}, {"caption": "y"}])", "record 2: it names no picture");
  EXPECT_SAYS(R"([{"image_id": 1}])", "record 1: it has no caption");
  EXPECT_SAYS(R"({"annotations": [{"image_id": 1, "bbox": [1, 2]}]})", "annotation 1: it has no \"caption\"");
  EXPECT_SAYS(R"([{"image_id": 1, "caption": 5}])", "a caption is no text");
  EXPECT_SAYS("just words\n", "line 1: it is neither JSON nor a table");
  EXPECT_SAYS("image,caption\na\n", "line 2: it has 1 cells");
  EXPECT_SAYS("image,caption\na,x\nb,\"open\n", "line 3: a quotation mark");
  EXPECT_SAYS("a\tx\nb\n", "line 2: it is no name, tab and caption");
  EXPECT_THROW(read_annotations("/no/such/file", CaptionFields::all), Error);
  EXPECT_THROW(read_annotations(CAPTION_TEST_DATA "/parity/vit-mlp", CaptionFields::all), Error);  // no pictures
}

}  // namespace
}  // namespace caption
