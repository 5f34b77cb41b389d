// GPT-2s as transformers writes them, with their tokenizers (scripts/make_gpt2_goldens.py): imported, they
// say what transformers says, token for token.

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "caption/captioner.h"
#include "model/bundle.h"
#include "model/import.h"
#include "scratch_folder.h"

namespace caption {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path kTestData = CAPTION_TEST_DATA;

std::vector<std::byte> bytes_of_file(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  const auto* start = reinterpret_cast<const std::byte*>(text.data());
  return {start, start + text.size()};
}

class Gpt2Goldens : public ScratchFolder {
 protected:
  void import(const fs::path& source, const json& expected) {
    ImportRequest request{.clip = kTestData / "parity/vit-mlp/clip.pt",
                          .captioner = source / "captioner.ckpt",
                          .gpt2 = {},
                          .name = "m",
                          .folder = bundle()};
    if (fs::exists(request.captioner)) {
      request.tokenizer = source;
    } else {
      request.captioner = source / "mapper.safetensors";
      request.gpt2 = source;
    }
    request.usual_tokenizer = kTestData / "text";
    request.published = kTestData / "../../models/published.json";
    for (std::size_t i = 0; i < expected["import"].size(); i += 2) {
      const std::string value = expected["import"][i + 1];
      (expected["import"][i] == "--stop" ? request.stop_texts : request.stop_tokens).push_back(value);
    }
    import_bundle(request);
  }

  fs::path bundle() const { return folder_ / "m"; }
};

void expect_captions(const fs::path& bundle, const json& expected) {
  ModelOptions on_cpu;
  on_cpu.device = "cpu";
  const auto captioner = load_captioner(bundle, on_cpu);
  for (const auto& [image, golden] : expected["captions"].items()) {
    SCOPED_TRACE(image);
    const Picture picture =
        captioner->prepare(bytes_of_file(kTestData / "parity/images" / (image + ".png")), {});
    DecodeOptions options{.beam = 1, .max_tokens = expected["max_tokens"].get<int>()};
    const Caption greedy = captioner->caption({picture}, options)[0][0];
    EXPECT_EQ(json(greedy.tokens), golden["greedy"]);
    const std::string text = golden["text"];
    EXPECT_NE(text.find(greedy.text), std::string::npos) << text << "\n" << greedy.text;
    if (!golden.contains("beams")) continue;
    options.beam = options.n_best = expected["beam"].get<int>();
    const std::vector<Caption> found = captioner->caption({picture}, options)[0];
    EXPECT_EQ(json(found.at(0).tokens), golden["beams"][0]["tokens"]);
    // In their order, but for those that differ from better ones in no text.
    std::size_t next = 0;
    for (const json& beam : golden["beams"]) {
      if (next == found.size() || json(found[next].tokens) != beam["tokens"]) continue;
      EXPECT_NEAR(found[next].score, beam["score"].get<double>(), 2e-3);
      ++next;
    }
    EXPECT_EQ(next, found.size());
    EXPECT_GE(found.size() + 1, golden["beams"].size());
  }
}

TEST_F(Gpt2Goldens, HeadsAreNotGuessed) {
  const fs::path source = folder_ / "gpt2";
  fs::copy(kTestData / "gpt2/wide_heads", source);
  fs::remove(source / "config.json");
  const json told = {{"import", json::array()}};
  const std::string asked = message_of([&] { import(source, told); });
  EXPECT_NE(asked.find("its width 96 is no multiple of 64"), std::string::npos) << asked;
  EXPECT_FALSE(fs::exists(bundle()));
}

TEST_F(Gpt2Goldens, SayWhatTransformersSays) {
  std::set<std::string> kinds;
  for (const fs::directory_entry& entry : fs::directory_iterator(kTestData / "gpt2")) {
    SCOPED_TRACE(entry.path().filename().string());
    std::ifstream stream(entry.path() / "expected.json");
    const json expected = json::parse(stream);
    import(entry.path(), expected);
    const Manifest manifest = read_complete_manifest(bundle());
    const auto tokenizer = load_tokenizer(bundle(), manifest);
    EXPECT_EQ(tokenizer->size(), expected["tokens"].get<int>());
    for (const json& encoded : expected["encoded"])
      EXPECT_EQ(json(tokenizer->encode(encoded[0].get<std::string>())), encoded[1]) << encoded[0];
    expect_captions(bundle(), expected);
    kinds.insert(manifest.tokenizer.kind);
    fs::remove_all(bundle());
  }
  EXPECT_EQ(kinds.size(), 3U);
}

}  // namespace
}  // namespace caption
