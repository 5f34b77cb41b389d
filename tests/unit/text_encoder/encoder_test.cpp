// What it calculates is tested beside the libraries, in tests/unit/model/clip_goldens_test.cpp.
#include "text_encoder/encoder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "caption/error.h"
#include "layers/cpu.h"

namespace caption {
namespace {

constexpr std::int64_t kWidth = 64;

Tensor filled(const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t side : shape) count *= side;
  std::vector<float> values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(static_cast<float>(i % 7 - 3) / 10);
  return Tensor::of(shape, values);
}

/// One block, 10 tokens, 4 positions.
std::map<std::string, Tensor> weights() {
  const std::string block = "transformer.resblocks.0.";
  std::map<std::string, Tensor> all;
  const auto add = [&](const std::string& name, const Shape& shape) { all.emplace(name, filled(shape)); };
  add("token_embedding.weight", {10, kWidth});
  add("positional_embedding", {4, kWidth});
  add("text_projection", {kWidth, 5});
  for (const std::string norm :
       {"ln_final", "transformer.resblocks.0.ln_1", "transformer.resblocks.0.ln_2"}) {
    add(norm + ".weight", {kWidth});
    add(norm + ".bias", {kWidth});
  }
  add(block + "attn.in_proj_weight", {3 * kWidth, kWidth});
  add(block + "attn.in_proj_bias", {3 * kWidth});
  add(block + "attn.out_proj.weight", {kWidth, kWidth});
  add(block + "attn.out_proj.bias", {kWidth});
  add(block + "mlp.c_fc.weight", {8, kWidth});
  add(block + "mlp.c_fc.bias", {8});
  add(block + "mlp.c_proj.weight", {kWidth, 8});
  add(block + "mlp.c_proj.bias", {kWidth});
  return all;
}

TextEncoder<Tensor> encoder_of(std::map<std::string, Tensor> tensors) {
  return {Tensors("clip.pt", "text.", std::move(tensors)), Activation::quick_gelu, CpuCompute()};
}

std::string refusal(std::map<std::string, Tensor> tensors) {
  try {
    encoder_of(std::move(tensors));
    return "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::model);
    return error.what();
  }
}

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST(TextEncoder, ReadsItsSizesOffTheShapes) {
  const TextSizes sizes = encoder_of(weights()).sizes();
  EXPECT_EQ(sizes.vocabulary, 10);
  EXPECT_EQ(sizes.context, 4);
  EXPECT_EQ(sizes.width, 64);
  EXPECT_EQ(sizes.layers, 1);
  EXPECT_EQ(sizes.embedding, 5);
}

TEST(TextEncoder, WhatStandsBehindTheEndHasNoInfluence) {
  const TextEncoder<Tensor> encoder = encoder_of(weights());
  const std::vector<std::vector<std::int32_t>> texts = {{8, 1, 9}, {8, 1, 9, 2}, {8, 1, 3, 9}};
  const Tensor found = encoder.encode(texts, 9).contiguous();
  float other = 0;
  for (std::int64_t i = 0; i < 5; ++i) {
    EXPECT_EQ(found.data()[i], found.data()[5 + i]);
    other += std::abs(found.data()[i] - found.data()[10 + i]);
  }
  EXPECT_GT(other, 1e-3F);
}

TEST(TextEncoder, TensorsThatDoNotFitAreNamed) {
  auto tensors = weights();
  tensors.erase("text_projection");
  EXPECT_HAS(refusal(tensors), "text.text_projection");
  tensors = weights();
  tensors.emplace("stranger", filled({1}));
  EXPECT_HAS(refusal(tensors), "text.stranger");
  tensors = weights();
  tensors["token_embedding.weight"] = filled({10, 60});
  EXPECT_HAS(refusal(tensors), "width must be a multiple of 64");
  tensors = weights();
  tensors["positional_embedding"] = filled({1, kWidth});
  EXPECT_HAS(refusal(tensors), "found 1 positions");
}

TEST(TextEncoder, IdsThatItDoesNotHaveAreADefect) {
  const TextEncoder<Tensor> encoder = encoder_of(weights());
  for (const std::vector<std::int32_t>& ids : {std::vector<std::int32_t>{}, {10}, {-1}, {1, 2, 3, 4, 5}})
    EXPECT_THROW(encoder.encode({&ids, 1}, 9), Error);
}

}  // namespace
}  // namespace caption
