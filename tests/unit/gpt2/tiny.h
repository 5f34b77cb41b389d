#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include "aten.h"

namespace caption {

using Named = AtenMap;

constexpr std::int64_t kWidth = 128;
constexpr std::int64_t kInner = 200;
constexpr std::int64_t kLayers = 3;
constexpr std::int64_t kVocabulary = 90;
constexpr std::int64_t kContext = 20;

/// Random weights large enough that every part matters.
inline Named tiny_gpt2() {
  at::manual_seed(5);
  const auto random = [](at::IntArrayRef shape, double scale) { return at::randn(shape) * scale; };
  Named named;
  named["wte.weight"] = random({kVocabulary, kWidth}, 0.5);
  named["wpe.weight"] = random({kContext, kWidth}, 0.5);
  const auto norm = [&](const std::string& name) {
    named[name + ".weight"] = 1 + random({kWidth}, 0.2);
    named[name + ".bias"] = random({kWidth}, 0.2);
  };
  const auto conv1d = [&](const std::string& name, std::int64_t in, std::int64_t out) {
    named[name + ".weight"] = random({in, out}, 0.12);
    named[name + ".bias"] = random({out}, 0.1);
  };
  for (std::int64_t layer = 0; layer < kLayers; ++layer) {
    const std::string block = "h." + std::to_string(layer);
    norm(block + ".ln_1");
    conv1d(block + ".attn.c_attn", kWidth, 3 * kWidth);
    conv1d(block + ".attn.c_proj", kWidth, kWidth);
    norm(block + ".ln_2");
    conv1d(block + ".mlp.c_fc", kWidth, kInner);
    conv1d(block + ".mlp.c_proj", kInner, kWidth);
  }
  norm("ln_f");
  return named;
}

/// GPT-2 written from its definition in double precision, without a cache. x [T, E] embeddings without
/// positions
/// -> logits [V] after the last.
inline at::Tensor reference_logits(const Named& named, at::Tensor x, std::int64_t heads = kWidth / 64) {
  const auto get = [&](const std::string& name) { return named.at(name).to(at::kDouble); };
  const auto norm = [&](const at::Tensor& t, const std::string& name) {
    return at::layer_norm(t, {kWidth}, get(name + ".weight"), get(name + ".bias"), 1e-5);
  };
  const auto conv1d = [&](const at::Tensor& t, const std::string& name) {
    return at::matmul(t, get(name + ".weight")) + get(name + ".bias");
  };
  const std::int64_t length = x.size(0);
  x = x.to(at::kDouble) + get("wpe.weight").slice(0, 0, length);
  const auto split = [&](const at::Tensor& t) {
    return t.reshape({length, heads, kWidth / heads}).transpose(0, 1);
  };
  for (std::int64_t layer = 0; layer < kLayers; ++layer) {
    const std::string block = "h." + std::to_string(layer);
    const auto qkv = conv1d(norm(x, block + ".ln_1"), block + ".attn.c_attn").chunk(3, -1);
    at::Tensor scores = at::matmul(split(qkv[0]), split(qkv[1]).transpose(1, 2)) / std::sqrt(kWidth / heads);
    scores = scores.masked_fill(at::ones({length, length}, at::kBool).triu(1), -INFINITY);
    const at::Tensor mixed =
        at::matmul(at::softmax(scores, -1), split(qkv[2])).transpose(0, 1).reshape({length, kWidth});
    x = x + conv1d(mixed, block + ".attn.c_proj");
    x = x + conv1d(at::gelu(conv1d(norm(x, block + ".ln_2"), block + ".mlp.c_fc"), "tanh"),
                   block + ".mlp.c_proj");
  }
  return at::matmul(norm(x[length - 1], "ln_f"),
                    get(named.count("lm_head.weight") != 0 ? "lm_head.weight" : "wte.weight").t());
}

}  // namespace caption
