#include "model/gpt2_config.h"

#include <gtest/gtest.h>

#include "scratch_folder.h"

namespace caption {
namespace {

class Gpt2ConfigTest : public ScratchFolder {
 protected:
  std::optional<Gpt2Config> config(const std::string& text) const {
    write("config.json", text);
    return read_gpt2_config(folder_ / "model.safetensors");
  }
  std::string refusal(const std::string& text) const {
    return message_of([&] { config(text); });
  }
};

TEST_F(Gpt2ConfigTest, WhatIsNoGpt2SaysNothing) {
  EXPECT_FALSE(read_gpt2_config(folder_));
  EXPECT_FALSE(config(R"({"model_type": "clip", "n_head": 3})"));
}

TEST_F(Gpt2ConfigTest, SaysWhatTheWeightsDoNot) {
  const auto found = config(
      R"({"model_type": "gpt2", "n_head": 3, "activation_function": "gelu", "tie_word_embeddings": false})");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->choices.heads, 3);
  EXPECT_EQ(found->choices.activation, Activation::gelu);
  EXPECT_FALSE(found->tied);
  EXPECT_TRUE(read_gpt2_config(folder_)) << "the folder";
  const auto usual = config(R"({"model_type": "gpt2"})");
  ASSERT_TRUE(usual);
  EXPECT_EQ(usual->choices.heads, 12);
  EXPECT_EQ(usual->choices.activation, Activation::gelu_tanh);
  EXPECT_TRUE(usual->tied);
}

TEST_F(Gpt2ConfigTest, WhatIsCalculatedInAnotherWayIsRefused) {
  EXPECT_NE(refusal(R"({"model_type": "gpt2", "activation_function": "relu"})").find("activation_function"),
            std::string::npos);
  EXPECT_NE(refusal(R"({"model_type": "gpt2", "layer_norm_epsilon": 1e-6})").find("layer_norm_epsilon"),
            std::string::npos);
  EXPECT_NE(refusal(R"({"model_type": "gpt2", "scale_attn_weights": false})").find("scale_attn_weights"),
            std::string::npos);
  EXPECT_NE(refusal(R"({"model_type": "gpt2", "scale_attn_by_inverse_layer_idx": true})")
                .find("scale_attn_by_inverse_layer_idx"),
            std::string::npos);
  EXPECT_NE(refusal(R"({"model_type": "gpt2", "n_head": 0})").find("n_head"), std::string::npos);
}

}  // namespace
}  // namespace caption
