#include "model/manifest.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "caption/error.h"
#include "model/registry.h"
#include "model/verify_files.h"
#include "scratch_folder.h"

namespace caption {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kEmptySha = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

class BundleFolder : public ScratchFolder {
 protected:
  std::string error_of(const json& manifest) const {
    write("model.json", manifest.dump());
    return message_of([&] { read_manifest(folder_); });
  }

  static json valid() {
    return json::parse(R"({
      "format": 6, "name": "m", "description": "d",
      "image": {"resolution": 224, "fit": "stretch", "resample": "bilinear", "mean": [0.5, 0.25, 0.125], "std": [1, 1, 2]},
      "encoder": {"file": "clip.pt", "kind": "vit", "output": "embedding", "embedding": 512, "activation": "quick_gelu"},
      "mapper": {"file": "captioner.pt", "kind": "mlp", "prefix_length": 10, "normalize": false, "heads": 4},
      "language_model": {"file": "captioner.pt", "width": 768, "layers": 12, "heads": 8, "activation": "gelu",
        "vocabulary": 50257, "context": 1024},
      "tokenizer": {"kind": "sentencepiece", "files": {"model": "t.model"}, "lower_case": true},
      "text": {"merges": "m.txt", "activation": "gelu", "width": 512, "layers": 12, "vocabulary": 49408, "context": 77},
      "stop": {"tokens": [0, 7], "texts": ["\n"], "max_tokens": 67}, "no_repeat_ngram": 2, "unsure_below": -1.5,
      "unsure_prompt": "A photo of",
      "files": [
        {"name": "clip.pt", "bytes": 0, "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"name": "captioner.pt", "bytes": 3, "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"name": "m.txt", "bytes": 0, "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"name": "t.model", "bytes": 0, "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}],
      "origin": "o", "license": "l"})");
  }
};

using ManifestTest = BundleFolder;
using DigestTest = BundleFolder;
using RegistryTest = BundleFolder;

TEST_F(ManifestTest, WritesWhatItReads) {
  write("model.json", valid().dump());
  const Manifest manifest = read_manifest(folder_);
  EXPECT_EQ(manifest.mapper.prefix_length, 10);
  EXPECT_EQ(manifest.image.std[2], 2);
  EXPECT_EQ(manifest.image.resample, "bilinear");
  EXPECT_EQ(json::parse(to_json(manifest)), valid());
}

TEST_F(ManifestTest, ThereMayBeNoTextSide) {
  json manifest = valid();
  manifest["text"] = nullptr;
  EXPECT_NE(error_of(manifest).find("'files' lists 'm.txt', which is listed twice or not used"),
            std::string::npos);
  manifest["files"].erase(2);
  write("model.json", manifest.dump());
  EXPECT_FALSE(read_manifest(folder_).text);
  EXPECT_EQ(json::parse(to_json(read_manifest(folder_))), manifest);
}

TEST_F(ManifestTest, ReadsTheFormatsBefore) {
  json manifest = valid();
  manifest["format"] = 5;
  manifest.erase("unsure_prompt");
  manifest["image"].erase("resample");
  write("model.json", manifest.dump());
  EXPECT_EQ(read_manifest(folder_).unsure_prompt, "");
  EXPECT_EQ(read_manifest(folder_).image.resample, "bicubic");
  EXPECT_EQ(read_manifest(folder_).mapper.heads, 4);
  manifest["format"] = 4;
  manifest["stop"] = {{"token", 13}, {"max_tokens", 67}};
  manifest["tokenizer"].erase("lower_case");
  manifest["language_model"].erase("heads");
  manifest["mapper"].erase("heads");
  manifest["language_model"].erase("activation");
  write("model.json", manifest.dump());
  const Manifest of_4 = read_manifest(folder_);
  EXPECT_EQ(of_4.stop.tokens, std::vector<std::int64_t>{13});
  EXPECT_TRUE(of_4.stop.texts.empty());
  EXPECT_EQ(of_4.language_model.heads, 12);
  EXPECT_EQ(of_4.mapper.heads, 8);
  EXPECT_EQ(of_4.language_model.activation, "gelu_new");
  manifest["format"] = 3;
  manifest.erase("text");
  manifest["files"].erase(2);
  write("model.json", manifest.dump());
  EXPECT_FALSE(read_manifest(folder_).text);
  manifest.erase("no_repeat_ngram");
  manifest["format"] = 2;
  write("model.json", manifest.dump());
  EXPECT_EQ(read_manifest(folder_).no_repeat_ngram, 0);
  EXPECT_EQ(read_manifest(folder_).unsure_below, -1.5);
  manifest["format"] = 1;
  manifest["image"].erase("fit");
  manifest["encoder"].erase("output");
  manifest.erase("unsure_below");
  write("model.json", manifest.dump());
  EXPECT_EQ(read_manifest(folder_).image.fit, "crop");
  EXPECT_EQ(read_manifest(folder_).encoder.output, "embedding");
  EXPECT_FALSE(read_manifest(folder_).unsure_below);
}

TEST_F(ManifestTest, SomethingEndsACaption) {
  json manifest = valid();
  manifest["stop"]["tokens"] = json::array();
  write("model.json", manifest.dump());
  EXPECT_EQ(read_manifest(folder_).stop.texts, std::vector<std::string>{"\n"});
  manifest["stop"]["texts"] = json::array();
  EXPECT_NE(error_of(manifest).find("expected a token, or a text in 'texts', that ends captions"),
            std::string::npos);
}

TEST_F(ManifestTest, EveryFieldIsRequired) {
  const json whole = valid().flatten();
  for (const auto& [pointer, value] : whole.items()) {
    if (pointer.find("/mean/") != std::string::npos || pointer.find("/std/") != std::string::npos) continue;
    if (pointer.starts_with("/stop/t")) continue;  // of two lists
    json less = valid();
    const json::json_pointer at(pointer);
    less[at.parent_pointer()].erase(at.back());
    EXPECT_NE(error_of(less).find(at.back() + "' is missing"), std::string::npos) << pointer;
  }
}

TEST_F(ManifestTest, ErrorsNameTheFieldExpectedAndFound) {
  const auto changed = [](const char* pointer, const json& value) {
    json manifest = valid();
    manifest[json::json_pointer(pointer)] = value;
    return manifest;
  };
  EXPECT_NE(error_of(changed("/mapper/kind", "lstm"))
                .find("'mapper.kind': expected mlp or transformer or linear, found \"lstm\""),
            std::string::npos);
  EXPECT_NE(error_of(changed("/image/resolution", 0))
                .find("'image.resolution': expected a number above 0, found 0"),
            std::string::npos);
  EXPECT_NE(error_of(changed("/image/mean", json::array({1, 2}))).find("an array of three numbers"),
            std::string::npos);
  EXPECT_NE(error_of(changed("/mapper/normalise", true)).find("unknown field 'mapper.normalise'"),
            std::string::npos);
  EXPECT_NE(
      error_of(changed("/unsure_below", 0.5)).find("'unsure_below': expected a number up to 0, or null"),
      std::string::npos);
  EXPECT_NE(error_of(changed("/format", 7)).find("bundle format 7, but this program reads formats 1 to 6"),
            std::string::npos);
  EXPECT_NE(
      error_of(changed("/stop/tokens", json::array({-1}))).find("'stop.tokens': expected whole numbers"),
      std::string::npos);
  EXPECT_NE(error_of(changed("/stop/texts", json::array({""}))).find("'stop.texts': expected texts"),
            std::string::npos);
  EXPECT_NE(error_of(changed("/no_repeat_ngram", -1)).find("'no_repeat_ngram': expected"), std::string::npos);
  EXPECT_NE(
      error_of(changed("/encoder/file", "../clip.pt")).find("the name of a file in the bundle's folder"),
      std::string::npos);
  EXPECT_NE(error_of(changed("/files/0/sha256", "E3")).find("64 lower-case"), std::string::npos);
  EXPECT_NE(error_of(changed("/files/0/name", "other")).find("'other'"), std::string::npos);
  EXPECT_NE(error_of(changed("/mapper/file", "third.pt")).find("does not list 'third.pt'"),
            std::string::npos);
}

TEST_F(ManifestTest, NotJson) {
  write("model.json", "<html>");
  EXPECT_NE(message_of([&] { read_manifest(folder_); }).find("not valid JSON"), std::string::npos);
}

TEST_F(DigestTest, ComparesSizesAndHashes) {
  write("model.json", valid().dump());
  const Manifest manifest = read_manifest(folder_);
  write("clip.pt", "");
  write("captioner.pt", "abc");
  const auto verify = [&](bool hashes) { verify_files(folder_, manifest, hashes); };
  write("m.txt", "");
  EXPECT_NE(message_of([&] { verify(false); }).find("t.model"), std::string::npos);
  write("t.model", "");
  EXPECT_NO_THROW(verify(true));
  EXPECT_EQ(describe_file(folder_, "t.model").sha256, kEmptySha);
  write("captioner.pt", "abd");
  EXPECT_NO_THROW(verify(false));
  EXPECT_NE(message_of([&] { verify(true); }).find("captioner.pt: model.json says sha256 ba78"),
            std::string::npos);
  write("captioner.pt", "abcd");
  EXPECT_NE(message_of([&] { verify(false); }).find("says 3 bytes, found 4"), std::string::npos);
}

TEST_F(RegistryTest, NamesAreSearchedInOrder) {
  write("one/conceptual/model.json", "{}");
  write("two/conceptual/model.json", "{}");
  write("two/demo/model.json", "{}");
  write("two/not-a-model/x", "");
  const std::vector<fs::path> folders = {folder_ / "absent", folder_ / "one", folder_ / "two"};
  EXPECT_EQ(find_model("conceptual", folders), folder_ / "one/conceptual");
  EXPECT_EQ(find_model("conceptual-captions", folders), folder_ / "one/conceptual");
  EXPECT_EQ(find_model((folder_ / "two/demo").string(), {}), folder_ / "two/demo");
  const std::vector<FoundModel> models = list_models(folders);
  ASSERT_EQ(models.size(), 2U);
  EXPECT_EQ(models[0].folder, folder_ / "one/conceptual");
  EXPECT_EQ(models[1].name, "demo");
}

TEST_F(RegistryTest, WhatIsNotThereIsNotFound) {
  write("two/demo/model.json", "{}");
  EXPECT_EQ(find_model("coco", {folder_ / "two"}), std::nullopt);
  EXPECT_EQ(find_model((folder_ / "two").string(), {folder_}), std::nullopt);
  EXPECT_TRUE(is_model_name("two"));
  EXPECT_FALSE(is_model_name("./two"));
  EXPECT_FALSE(is_model_name(".."));
}

TEST_F(RegistryTest, FoldersComeFromTheEnvironment) {
  ::setenv("CAPTION_MODELS", "/a::/b", 1);
  ::setenv("XDG_DATA_HOME", "/data", 1);
  EXPECT_EQ(model_folders("/prefix"), (std::vector<fs::path>{"/a", "/b", "/data/caption/models", "/prefix"}));
  ::setenv("XDG_DATA_HOME", "relative", 1);
  ::setenv("HOME", "/home/me", 1);
  ::unsetenv("CAPTION_MODELS");
  EXPECT_EQ(model_folders("/prefix"),
            (std::vector<fs::path>{"/home/me/.local/share/caption/models", "/prefix"}));
}

}  // namespace
}  // namespace caption
