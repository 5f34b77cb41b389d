#include "model/clip_config.h"

#include <gtest/gtest.h>

#include "scratch_folder.h"

namespace caption {
namespace {

class Config : public ScratchFolder {
 protected:
  void hugging_face(const std::string& config, const std::string& preprocessor = "{}") const {
    write("config.json", config);
    write("preprocessor_config.json", preprocessor);
  }
  std::string refusal() const {
    return message_of([&] { read_clip_config(folder_ / "model.safetensors"); });
  }
};

TEST_F(Config, NothingIsNothing) {
  const ClipConfig config = read_clip_config(folder_ / "model.safetensors");
  EXPECT_FALSE(config.activation || config.resolution || config.mean || config.std);
  write("config.json", R"({"model_type": "gpt2"})");
  EXPECT_FALSE(read_clip_config(folder_).activation);
  write("config.json", "[1]");
  EXPECT_FALSE(read_clip_config(folder_).activation);
}

TEST_F(Config, HuggingFace) {
  hugging_face(
      R"({"model_type": "clip", "vision_config": {"hidden_act": "gelu", "hidden_size": 1280, "num_attention_heads": 16}})",
      R"({"size": {"shortest_edge": 224}, "crop_size": {"height": 224, "width": 224}, "resample": 3,
          "image_mean": [0.1, 0.2, 0.3], "image_std": [0.4, 0.5, 0.6]})");
  const ClipConfig config = read_clip_config(folder_ / "model.safetensors");
  EXPECT_EQ(config.activation, "gelu");
  EXPECT_EQ(config.resolution, 224);
  EXPECT_EQ(config.mean, (std::array{0.1, 0.2, 0.3}));
  EXPECT_EQ(config.std, (std::array{0.4, 0.5, 0.6}));
  EXPECT_EQ(read_clip_config(folder_).activation, "gelu");
}

TEST_F(Config, WhatIsLeftOutIsTheirDefault) {
  hugging_face(R"({"model_type": "clip", "vision_config": {}})", R"({"size": 336, "crop_size": 336})");
  const ClipConfig config = read_clip_config(folder_);
  EXPECT_EQ(config.activation, "quick_gelu");
  EXPECT_EQ(config.resolution, 336);
  EXPECT_FALSE(config.mean);
}

TEST_F(Config, TextSides) {
  const auto text_of = [&](const std::string& text) {
    hugging_face(R"({"model_type": "clip", "vision_config": {}, "text_config": )" + text + "}");
    return read_clip_config(folder_);
  };
  EXPECT_EQ(text_of("{}").text_activation, "quick_gelu");
  EXPECT_EQ(text_of("{}").text_problem, "");
  EXPECT_EQ(text_of(R"({"hidden_act": "gelu", "eos_token_id": 2})").text_activation, "gelu");
  EXPECT_EQ(text_of(R"({"hidden_size": 768, "num_attention_heads": 12, "eos_token_id": 2})").text_problem,
            "");
  EXPECT_EQ(text_of(R"({"hidden_size": 768})").text_problem,
            "num_attention_heads is 8, and 12 is all that is supported");
  EXPECT_EQ(text_of(R"({"eos_token_id": 5})").text_problem,
            "eos_token_id is 5, and 49407 is all that is supported");
  EXPECT_EQ(text_of(R"({"hidden_act": "relu"})").text_problem, "its hidden_act is relu");
}

TEST_F(Config, OpenClipsTextSides) {
  const auto problem_of = [&](const std::string& text) {
    write("open_clip_config.json", R"({"model_cfg": {"text_cfg": )" + text + "}}");
    return read_clip_config(folder_).text_problem;
  };
  EXPECT_EQ(
      problem_of(R"({"context_length": 77, "vocab_size": 49408, "width": 1024, "heads": 16, "layers": 24})"),
      "");
  EXPECT_NE(problem_of(R"({"hf_model_name": "roberta-base"})"), "");
  EXPECT_NE(problem_of(R"({"hf_tokenizer_name": "bert-base-uncased"})"), "");
  EXPECT_NE(problem_of(R"({"no_causal_mask": true})"), "");
  EXPECT_NE(problem_of(R"({"pool_type": "last"})"), "");
  EXPECT_NE(problem_of(R"({"tokenizer_kwargs": {"clean": "canonicalize"}})"), "");
}

TEST_F(Config, OpenClip) {
  write(
      "open_clip_config.json",
      R"({"model_cfg": {"quick_gelu": true}, "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.5, 1]}})");
  const ClipConfig config = read_clip_config(folder_ / "open_clip_model.safetensors");
  EXPECT_EQ(config.activation, "quick_gelu");
  EXPECT_EQ(config.std, (std::array{0.25, 0.5, 1.0}));
  write("open_clip_config.json", R"({"model_cfg": {}})");
  EXPECT_EQ(read_clip_config(folder_).activation, "gelu");
  EXPECT_EQ(read_clip_config(folder_).fit, "crop");
  write("open_clip_config.json",
        R"({"model_cfg": {}, "preprocess_cfg": {"interpolation": "bilinear", "resize_mode": "squash"}})");
  EXPECT_EQ(read_clip_config(folder_).resample, "bilinear");
  EXPECT_EQ(read_clip_config(folder_).fit, "stretch");
  write("open_clip_config.json", R"({"model_cfg": {}, "preprocess_cfg": {"interpolation": "random"}})");
  EXPECT_NE(refusal().find("interpolation: expected bicubic or bilinear"), std::string::npos);
  write("open_clip_config.json", R"({"model_cfg": {}, "preprocess_cfg": {"resize_mode": "longest"}})");
  EXPECT_NE(refusal().find("resize_mode: expected shortest or squash"), std::string::npos);
}

TEST_F(Config, TheActivationOfATimmModelIsInItsName) {
  const auto activation_of = [&](const std::string& name) {
    write("open_clip_config.json",
          R"({"model_cfg": {"vision_cfg": {"image_size": 384, "timm_model_name": ")" + name + R"("}}})");
    EXPECT_EQ(read_clip_config(folder_).resolution, 384);
    return read_clip_config(folder_).activation.value_or("");
  };
  EXPECT_EQ(activation_of("vit_base_patch16_siglip_384"), "gelu");
  EXPECT_EQ(activation_of("vit_large_patch16_siglip_384"), "gelu");
  EXPECT_EQ(activation_of("vit_so400m_patch14_siglip_384"), "gelu");
  EXPECT_EQ(activation_of("vit_so400m_patch16_siglip_384"), "gelu_tanh");
  EXPECT_EQ(activation_of("vit_base_patch32_siglip_256"), "gelu_tanh");
  EXPECT_EQ(activation_of("vit_giantopt_patch16_siglip_384"), "gelu_tanh");
}

TEST_F(Config, Siglip) {
  const auto read = [&](const std::string& vision, const std::string& pictures) {
    hugging_face(R"({"model_type": "siglip", "vision_config": )" + vision + "}", pictures);
    return read_clip_config(folder_);
  };
  const ClipConfig usual = read("{}", "{}");
  EXPECT_EQ(usual.activation, "gelu_tanh");
  EXPECT_EQ(usual.resolution, 224);
  const ClipConfig large =
      read(R"({"hidden_size": 1152, "num_attention_heads": 16, "image_size": 384, "hidden_act": "gelu"})",
           R"({"size": {"height": 384, "width": 384}, "resample": 2, "image_mean": [0.5, 0.5, 0.5]})");
  EXPECT_EQ(large.activation, "gelu");
  EXPECT_EQ(large.resolution, 384);
  EXPECT_EQ(large.fit, "stretch");
  EXPECT_EQ(large.resample, "bilinear");
  const auto refused = [&](const std::string& vision, const std::string& pictures) {
    return message_of([&] { read(vision, pictures); });
  };
  EXPECT_NE(refused(R"({"layer_norm_eps": 1e-5})", "{}").find("layer_norm_eps: expected 1e-6"),
            std::string::npos);
  EXPECT_NE(refused(R"({"num_attention_heads": 8})", "{}").find("expected 12 heads"), std::string::npos);
  EXPECT_NE(refused("{}", R"({"size": {"height": 384, "width": 384}})").find("size: expected 224"),
            std::string::npos);
  EXPECT_NE(refused("{}", R"({"size": {"height": 224, "width": 256}})").find("size: expected a square"),
            std::string::npos);
}

TEST_F(Config, WhatIsNotSupportedIsRefused) {
  const std::string clip = R"({"model_type": "clip_vision_model")";
  hugging_face(clip + R"(, "hidden_act": "silu"})");
  EXPECT_NE(refusal().find("hidden_act: expected quick_gelu, gelu or"), std::string::npos);
  hugging_face(clip + R"(, "hidden_size": 768, "num_attention_heads": 16})");
  EXPECT_NE(refusal().find("expected 12 heads for a width of 768"), std::string::npos);
  hugging_face(clip + R"(, "layer_norm_eps": 1e-6})");
  EXPECT_NE(refusal().find("layer_norm_eps"), std::string::npos);
  hugging_face(clip + R"(, "hidden_size": "wide"})");
  EXPECT_NE(refusal().find("hidden_size"), std::string::npos);
  hugging_face(clip + "}", R"({"resample": 0})");
  EXPECT_NE(refusal().find("resample: expected 3 (bicubic) or 2"), std::string::npos);
  hugging_face(clip + "}", R"({"do_center_crop": false})");
  EXPECT_NE(refusal().find("do_center_crop"), std::string::npos);
  hugging_face(clip + "}", R"({"size": 256, "crop_size": 224})");
  EXPECT_NE(refusal().find("size: expected the same as crop_size"), std::string::npos);
  hugging_face("{");
  EXPECT_NE(refusal().find("not valid JSON"), std::string::npos);
}

}  // namespace
}  // namespace caption
