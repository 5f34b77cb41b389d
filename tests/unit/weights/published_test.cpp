// The names of published files, without their sizes.
#include <set>

#include "archives.h"
#include "weights/hugging_face.h"
#include "weights/siglip.h"

namespace caption::test {
namespace {

WeightFile named(const std::vector<std::string>& names) {
  WeightFile file;
  file.path = "model.pt";
  file.format = "torch.save";
  for (const std::string& name : names) file.tensors[name] = Tensor::of({2, 2}, std::vector<float>(4));
  return file;
}

/// Takes everything that `expected` names, and nothing else may be there.
void expect_names(std::optional<Tensors> part, const std::set<std::string>& expected) {
  ASSERT_TRUE(part.has_value());
  for (const std::string& name : expected) {
    EXPECT_TRUE(part->contains(name)) << name;
    if (part->contains(name)) part->take(name, {2, 2});
  }
  EXPECT_NO_THROW(part->require_all_taken());
}

TEST(Published, OpenAiClip) {
  const WeightFile file = named(
      {"visual.class_embedding", "visual.conv1.weight", "visual.transformer.resblocks.0.attn.in_proj_weight",
       "visual.bn1.num_batches_tracked", "token_embedding.weight", "positional_embedding", "text_projection",
       "transformer.resblocks.0.ln_1.weight", "ln_final.weight", "logit_scale", "input_resolution",
       "context_length", "vocab_size"});
  expect_names(image_encoder_tensors(file),
               {"class_embedding", "conv1.weight", "transformer.resblocks.0.attn.in_proj_weight"});
  EXPECT_FALSE(mapper_tensors(file));
  EXPECT_FALSE(language_model_tensors(file));
  EXPECT_NO_THROW(require_known_names(file));
}

TEST(Published, OpenClip) {
  const WeightFile file = named({"visual.conv1.weight", "text.transformer.resblocks.0.ln_1.weight",
                                 "logit_scale", "logit_bias", "attn_mask"});
  expect_names(image_encoder_tensors(file), {"conv1.weight"});
  EXPECT_NO_THROW(require_known_names(file));
}

TEST(Published, HuggingFaceClip) {
  for (const std::string prefix : {"", "clip."}) {
    WeightFile file =
        named({prefix + "vision_model.embeddings.class_embedding",
               prefix + "vision_model.embeddings.patch_embedding.weight",
               prefix + "vision_model.embeddings.position_embedding.weight",
               prefix + "vision_model.embeddings.position_ids", prefix + "vision_model.pre_layrnorm.bias",
               prefix + "vision_model.encoder.layers.11.self_attn.q_proj.weight",
               prefix + "vision_model.encoder.layers.11.self_attn.out_proj.bias",
               prefix + "vision_model.encoder.layers.11.layer_norm2.weight",
               prefix + "vision_model.encoder.layers.11.mlp.fc1.weight",
               prefix + "vision_model.post_layernorm.weight", prefix + "visual_projection.weight",
               prefix + "text_model.embeddings.token_embedding.weight", prefix + "text_projection.weight",
               prefix + "logit_scale"});
    EXPECT_TRUE(rename_hugging_face_clip(file));
    expect_names(image_encoder_tensors(file),
                 {"class_embedding", "conv1.weight", "positional_embedding", "ln_pre.bias",
                  "transformer.resblocks.11.attn.q_proj.weight",
                  "transformer.resblocks.11.attn.out_proj.bias", "transformer.resblocks.11.ln_2.weight",
                  "transformer.resblocks.11.mlp.c_fc.weight", "ln_post.weight", "proj"});
    expect_names(text_encoder_tensors(file), {"token_embedding.weight", "text_projection"});
    EXPECT_NO_THROW(require_known_names(file));
    EXPECT_FALSE(rename_hugging_face_clip(file));
  }
}

/// Shapes that a SigLIP's tensors may have here, at two channels.
WeightFile siglip(const std::vector<std::string>& names) {
  WeightFile file = named(names);
  for (auto& [name, tensor] : file.tensors) {
    if (name.ends_with("patch_embedding.weight")) tensor = Tensor::of({2, 2, 1, 1}, std::vector<float>(4));
    if (name.ends_with("in_proj_weight")) tensor = Tensor::of({6, 2}, std::vector<float>(12));
    if (name.ends_with("in_proj_bias")) tensor = Tensor::of({6}, std::vector<float>(6));
    if (name.ends_with("pos_embed")) tensor = Tensor::of({1, 2, 2}, std::vector<float>(4));
  }
  return file;
}

void expect_siglip(WeightFile file, const std::set<std::string>& expected) {
  EXPECT_TRUE(rename_siglip(file));
  EXPECT_NO_THROW(require_known_names(file));
  const std::optional<Tensors> encoder = image_encoder_tensors(file);
  ASSERT_TRUE(encoder);
  for (const std::string& name : expected) EXPECT_TRUE(encoder->contains(name)) << name;
  EXPECT_EQ(encoder->shape("positional_embedding"), (Shape{2, 2}));
  EXPECT_FALSE(rename_siglip(file));
}

TEST(Published, SiglipByTransformers) {
  for (const std::string before : {"", "vision_model.", "model.vision_model."}) {
    std::vector<std::string> names;
    for (const char* name :
         {"embeddings.patch_embedding.weight", "embeddings.patch_embedding.bias",
          "embeddings.position_embedding.weight", "encoder.layers.1.self_attn.q_proj.weight",
          "encoder.layers.1.layer_norm1.bias", "encoder.layers.1.mlp.fc2.weight", "post_layernorm.weight",
          "head.probe", "head.attention.in_proj_weight", "head.attention.in_proj_bias",
          "head.attention.out_proj.weight", "head.layernorm.bias", "head.mlp.fc1.weight"})
      names.push_back(before + name);
    if (!before.empty()) {
      const std::string outer = before.substr(0, before.size() - std::string("vision_model.").size());
      for (const char* name : {"text_model.head.weight", "text_model.embeddings.position_ids", "logit_bias"})
        names.push_back(outer + name);
    }
    expect_siglip(siglip(names),
                  {"conv1.weight", "conv1.bias", "transformer.resblocks.1.attn.q_proj.weight",
                   "transformer.resblocks.1.ln_1.bias", "transformer.resblocks.1.mlp.c_proj.weight",
                   "ln_post.weight", "attnpool.probe", "attnpool.q_proj.weight", "attnpool.kv_proj.bias",
                   "attnpool.out_proj.weight", "attnpool.ln.bias", "attnpool.mlp.c_fc.weight"});
  }
}

TEST(Published, SiglipByTimm) {
  for (const std::string before : {"", "visual.trunk."}) {
    std::vector<std::string> names;
    for (const char* name : {"pos_embed", "patch_embed.proj.weight", "patch_embed.proj.bias",
                             "blocks.0.attn.qkv.weight", "blocks.0.attn.proj.bias", "blocks.0.norm2.weight",
                             "norm.bias", "attn_pool.latent", "attn_pool.kv.bias", "attn_pool.mlp.fc2.bias"})
      names.push_back(before + name);
    expect_siglip(siglip(names),
                  {"conv1.bias", "transformer.resblocks.0.attn.in_proj_weight",
                   "transformer.resblocks.0.attn.out_proj.bias", "transformer.resblocks.0.ln_2.weight",
                   "ln_post.bias", "attnpool.probe", "attnpool.kv_proj.bias", "attnpool.mlp.c_proj.bias"});
  }
}

TEST(Published, SiglipsThatAreNotSupportedAreNamed) {
  const auto refusal = [](WeightFile file) -> std::string {
    try {
      rename_siglip(file);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  const std::string patches = "vision_model.embeddings.patch_embedding.";
  const std::string probe = "vision_model.head.probe";
  EXPECT_NE(refusal(named({patches + "weight", probe})).find("NaFlex"), std::string::npos);
  EXPECT_NE(refusal(siglip({patches + "weight", patches + "bias"})).find("without its pooling head"),
            std::string::npos);
  EXPECT_NE(refusal(siglip({patches + "weight", probe, "vision_model.x"})).find("'vision_model.x': no part"),
            std::string::npos);
  WeightFile odd = siglip({patches + "weight", probe, "vision_model.head.attention.in_proj_weight"});
  odd.tensors["vision_model.head.attention.in_proj_weight"] = Tensor::of({4, 1}, std::vector<float>(4));
  EXPECT_NE(refusal(odd).find("expected three parts, found shape [4, 1]"), std::string::npos);
  // CLIP has no bias there, BLIP has it and a class token.
  EXPECT_EQ(refusal(siglip({patches + "weight"})), "");
  EXPECT_EQ(
      refusal(siglip({patches + "weight", patches + "bias", "vision_model.embeddings.class_embedding"})), "");
}

TEST(Published, EncodersThatAreNotSupportedAreNamed) {
  const auto refusal = [](const std::vector<std::string>& names) -> std::string {
    WeightFile file = named(names);
    try {
      refuse_unsupported_encoders(file);
      rename_hugging_face_clip(file);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::model);
      return error.what();
    }
    return "";
  };
  const std::string patches = "vision_model.embeddings.patch_embedding.weight";
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{patches}, "has no visual_projection"},
      {{patches, "visual_projection.weight", "vision_model.stranger"}, "vision_model.stranger"},
      {{"visual.trunk.patch_embed.proj.weight"}, "of timm's"},
      {{"visual.patch_embed.proj.weight"}, "an EVA-CLIP"},
      {{"image_encoder.model.patch_embed.0.conv.weight"}, "a MobileCLIP"},
      {{"visual.attn_pool.query"}, "a CoCa"},
      {{"visual.conv1.weight"}, ""}};
  for (const auto& [names, words] : cases) {
    EXPECT_NE(refusal(names).find(words), std::string::npos) << names.back();
    EXPECT_EQ(refusal(names).empty(), words.empty()) << names.back();
  }
}

TEST(Published, ClipCapWithMlp) {
  const WeightFile file = named(
      {"gpt.transformer.wte.weight", "gpt.transformer.wpe.weight", "gpt.transformer.h.0.attn.c_attn.bias",
       "gpt.transformer.h.0.attn.bias", "gpt.transformer.h.0.attn.masked_bias", "gpt.transformer.ln_f.bias",
       "gpt.lm_head.weight", "clip_project.model.0.weight", "clip_project.model.2.bias"});
  expect_names(mapper_tensors(file), {"model.0.weight", "model.2.bias"});
  expect_names(language_model_tensors(file),
               {"wte.weight", "wpe.weight", "h.0.attn.c_attn.bias", "ln_f.bias", "lm_head.weight"});
  EXPECT_FALSE(image_encoder_tensors(file));
  EXPECT_NO_THROW(require_known_names(file));
}

TEST(Published, OtherMappers) {
  expect_names(mapper_tensors(named({"clip_project.weight", "clip_project.bias"})), {"weight", "bias"});
  expect_names(mapper_tensors(named({"clip_project.prefix_const", "clip_project.linear.weight",
                                     "clip_project.transformer.layers.0.norm1.weight"})),
               {"prefix_const", "linear.weight", "transformer.layers.0.norm1.weight"});
}

TEST(Published, HuggingFaceGpt2) {
  const std::set<std::string> expected = {"wte.weight", "h.0.ln_1.weight"};
  expect_names(language_model_tensors(named({"wte.weight", "h.0.ln_1.weight", "h.0.attn.bias"})), expected);
  expect_names(language_model_tensors(named({"transformer.wte.weight", "transformer.h.0.ln_1.weight"})),
               expected);
  expect_names(language_model_tensors(named({"transformer.wte.weight", "lm_head.weight"})),
               {"wte.weight", "lm_head.weight"});
}

TEST(Published, PartsAlone) {
  const WeightFile encoder =
      named({"conv1.weight", "class_embedding", "positional_embedding", "bn1.num_batches_tracked"});
  expect_names(image_encoder_tensors(encoder), {"conv1.weight", "class_embedding", "positional_embedding"});
  EXPECT_NO_THROW(require_known_names(encoder));
  const WeightFile mlp = named({"model.0.weight", "model.0.bias", "model.2.weight", "model.2.bias"});
  expect_names(mapper_tensors(mlp), {"model.0.weight", "model.0.bias", "model.2.weight", "model.2.bias"});
  EXPECT_NO_THROW(require_known_names(mlp));
  const WeightFile transformer =
      named({"prefix_const", "linear.weight", "transformer.layers.0.norm1.weight"});
  expect_names(mapper_tensors(transformer),
               {"prefix_const", "linear.weight", "transformer.layers.0.norm1.weight"});
  expect_names(mapper_tensors(named({"weight", "bias"})), {"weight", "bias"});
  EXPECT_FALSE(mapper_tensors(named({"weight", "bias", "other"})));
}

TEST(Published, WhatStandsBeforeAllNamesIsTakenOff) {
  const std::vector<std::string> names = {"gpt.transformer.wte.weight", "clip_project.model.0.weight",
                                          "clip_project.model.2.weight"};
  for (const std::string prefix : {"", "model.", "net.captioner.", "a.b.c.d."}) {
    std::vector<std::string> wrapped;
    for (const std::string& name : names) wrapped.push_back(prefix + name);
    WeightFile file = named(wrapped);
    take_off_wrapper(file);
    expect_names(language_model_tensors(file), {"wte.weight"});
    expect_names(mapper_tensors(file), {"model.0.weight", "model.2.weight"});
  }
  const auto unchanged = [](const std::vector<std::string>& some) {
    WeightFile file = named(some);
    take_off_wrapper(file);
    std::vector<std::string> left;
    for (const auto& entry : file.tensors) left.push_back(entry.first);
    EXPECT_EQ(left, some);
  };
  unchanged({"a.b.c.d.e.clip_project.model.0.weight", "a.b.c.d.e.clip_project.model.2.weight",
             "a.b.c.d.e.gpt.wte.weight"});
  unchanged({"model.x", "model.y", "model.z"});
  unchanged({"model.visual.conv1.weight", "model.x", "model.y"});
  unchanged({"layer.bias", "layer.weight"});
  unchanged({"net.gpt.wte.weight", "other.clip_project.model.0.weight", "other.clip_project.model.2.weight"});
  unchanged({});
}

TEST(Published, UnknownNamesAreRefused) {
  const auto refusal = [](const std::vector<std::string>& names) -> std::string {
    try {
      require_known_names(named(names));
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::model);
      return error.what();
    }
    return "";
  };
  EXPECT_NE(refusal({"gpt.transformer.wte.weight", "stranger"}).find("model.pt: tensor 'stranger'"),
            std::string::npos);
  // CLIP's text side is a leftover of CLIP, not of anything.
  EXPECT_NE(refusal({"clip_project.weight", "logit_scale"}).find("logit_scale"), std::string::npos);
  EXPECT_NE(refusal({"transformer.wte.weight", "transformer.stranger"}).find("transformer.stranger"),
            std::string::npos);
}

TEST(Published, UnknownTensorsOfAPartAreItsOwn) {
  // The module that knows its tensors refuses what it does not take.
  std::optional<Tensors> part = mapper_tensors(named({"clip_project.weight", "clip_project.stranger"}));
  part->take("weight", {2, 2});
  EXPECT_THROW(part->require_all_taken(), Error);
}

}  // namespace
}  // namespace caption::test
