// Checkpoints in several files, and safetensors files that we write.
#include "weights/shards.h"

#include <cstring>

#include "archives.h"
#include "scratch_folder.h"
#include "weights/write_safetensors.h"

namespace caption::test {
namespace {

class Shards : public ScratchFolder {
 protected:
  void SetUp() override {
    ScratchFolder::SetUp();
    write_safetensors(folder_ / "model-00001-of-00002.safetensors",
                      {{"wte.weight", numbers(1)}, {"h.0.ln_1.bias", numbers(2)}});
    write_safetensors(folder_ / "model-00002-of-00002.safetensors", {{"wpe.weight", numbers(3)}});
    index(
        R"({"wte.weight": "model-00001-of-00002.safetensors", "h.0.ln_1.bias": "model-00001-of-00002.safetensors",
              "wpe.weight": "model-00002-of-00002.safetensors"})");
  }
  static Tensor numbers(float first) { return Tensor::of({2, 2}, std::vector<float>{first, 2, 3, 4}); }
  void index(const std::string& map) const {
    write("model.safetensors.index.json", R"({"metadata": {}, "weight_map": )" + map + "}");
  }
  std::string refusal(const std::string& file = "model.safetensors.index.json") const {
    return message_of([&] { read_weights(folder_ / file); });
  }
};

TEST_F(Shards, AreOneFile) {
  for (const std::filesystem::path& path : {folder_ / "model.safetensors.index.json", folder_}) {
    const WeightFile file = read_weights(path);
    ASSERT_EQ(file.tensors.size(), 3U);
    EXPECT_EQ(file.tensors.at("wte.weight").data()[0], 1);
    EXPECT_EQ(file.tensors.at("wpe.weight").data()[0], 3);
    EXPECT_EQ(file.mapped.size(), 2U);
    EXPECT_EQ(file.format, "safetensors, in parts");
    EXPECT_TRUE(language_model_tensors(file));
  }
}

TEST_F(Shards, OnePartAloneIsRefused) {
  EXPECT_NE(
      refusal("model-00001-of-00002.safetensors")
          .find("is part 1 of 2 of a sharded checkpoint: give their index, model.safetensors.index.json"),
      std::string::npos);
}

TEST_F(Shards, WhatDoesNotFitTheIndexIsRefused) {
  index(R"({"wte.weight": "model-00001-of-00002.safetensors"})");
  EXPECT_NE(
      refusal().find("holds tensor 'h.0.ln_1.bias', which model.safetensors.index.json does not have there"),
      std::string::npos);
  index(R"({"wpe.weight": "model-00002-of-00002.safetensors", "lost": "model-00002-of-00002.safetensors"})");
  EXPECT_NE(refusal().find("tensor 'lost' is missing"), std::string::npos);
  index(R"({"wpe.weight": "model-00003-of-00002.safetensors"})");
  EXPECT_NE(refusal().find("no such weight file"), std::string::npos);
  for (const char* name : {"\"../x\"", "\"/etc/passwd\"", "\"..\"", "\"\"", "1"}) {
    index(std::string(R"({"a": )") + name + "}");
    EXPECT_NE(refusal().find("expected the name of a file beside the index"), std::string::npos) << name;
  }
  for (const char* text : {"{", "[]", "{}", R"({"weight_map": {}})", R"({"weight_map": 1})"}) {
    write("model.safetensors.index.json", text);
    EXPECT_NE(refusal().find("is no index of a sharded checkpoint"), std::string::npos) << text;
  }
}

TEST_F(Shards, AFolderWithoutWeights) {
  std::filesystem::remove(folder_ / "model.safetensors.index.json");
  EXPECT_NE(refusal("").find("is a folder without model.safetensors"), std::string::npos);
  write_safetensors(folder_ / "model.safetensors", {{"wte.weight", numbers(7)}, {"wpe.weight", numbers(8)}});
  EXPECT_EQ(read_weights(folder_).tensors.at("wte.weight").data()[0], 7);
}

TEST_F(Shards, WrittenTensorsAreTheSame) {
  const WeightFile all =
      read_weights(std::filesystem::path(CAPTION_TEST_DATA) / "weights" / "dtypes.safetensors");
  write_safetensors(folder_ / "again.safetensors", all.tensors);
  const WeightFile again = read_weights(folder_ / "again.safetensors");
  ASSERT_EQ(again.tensors.size(), all.tensors.size());
  for (const auto& [name, tensor] : all.tensors) {
    const Tensor& found = again.tensors.at(name);
    ASSERT_EQ(found.sizes(), tensor.sizes()) << name;
    ASSERT_EQ(found.dtype(), tensor.dtype()) << name;
    const Tensor expected = tensor.contiguous();
    EXPECT_EQ(std::memcmp(found.bytes(), expected.bytes(),
                          static_cast<std::size_t>(expected.numel()) * item_size(expected.dtype())),
              0)
        << name;
  }
  // A view that does not lie in order.
  write_safetensors(folder_ / "turned.safetensors", {{"a", numbers(1).t()}});
  EXPECT_EQ(read_weights(folder_ / "turned.safetensors").tensors.at("a").data()[1], 3);
}

}  // namespace
}  // namespace caption::test
