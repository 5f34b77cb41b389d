#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "aten.h"

namespace caption::testing {

using TensorMap = AtenMap;

/// Draws named tensors; the same ones every time.
class RandomTensors {
 public:
  explicit RandomTensors(std::uint64_t seed) : generator_(at::detail::createCPUGenerator(seed)) {}

  at::Tensor normal(const Shape& shape, double deviation) {
    return at::randn(shape, generator_, at::TensorOptions(at::kFloat)) * deviation;
  }
  void add(const std::string& name, const Shape& shape, double deviation) {
    map[name] = normal(shape, deviation);
  }
  void add_linear(const std::string& name, std::int64_t out, std::int64_t in) {
    add(name + ".weight", {out, in}, 1.0 / std::sqrt(static_cast<double>(in)));
    add(name + ".bias", {out}, 0.1);
  }
  void add_norm(const std::string& name, std::int64_t width) {
    map[name + ".weight"] = normal({width}, 0.1) + 1;
    add(name + ".bias", {width}, 0.1);
  }

  TensorMap map;

 private:
  at::Generator generator_;
};

inline void add_conv(RandomTensors& random, const std::string& conv, const std::string& norm,
                     const Shape& shape) {
  random.add(conv + ".weight", shape, std::sqrt(2.0 / static_cast<double>(shape[1] * shape[2] * shape[3])));
  random.add_norm(norm, shape[0]);
  random.add(norm + ".running_mean", {shape[0]}, 0.2);
  random.map[norm + ".running_var"] = random.normal({shape[0]}, 0.3).exp();
}

inline at::Tensor linear(const TensorMap& w, const std::string& name, const at::Tensor& x) {
  return at::matmul(x, w.at(name + ".weight").t()) + w.at(name + ".bias");
}

inline at::Tensor norm(const TensorMap& w, const std::string& name, const at::Tensor& x) {
  const at::Tensor centred = x - x.mean(-1, true);
  const at::Tensor deviation = (centred.square().mean(-1, true) + 1e-5).sqrt();
  return centred / deviation * w.at(name + ".weight") + w.at(name + ".bias");
}

/// Head by head: q [B, Tq, W], k, v [B, Tk, W]
inline at::Tensor plain_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  std::vector<at::Tensor> heads;
  for (std::int64_t from = 0; from < q.size(2); from += 64) {
    const at::Tensor scores = at::matmul(q.narrow(2, from, 64), k.narrow(2, from, 64).transpose(1, 2)) / 8.0;
    heads.push_back(at::matmul(at::softmax(scores, -1), v.narrow(2, from, 64)));
  }
  return at::cat(heads, 2);
}

inline at::Tensor conv(const TensorMap& w, const std::string& conv, const std::string& norm,
                       const at::Tensor& x, std::int64_t stride = 1) {
  const at::Tensor& weight = w.at(conv + ".weight");
  const at::Tensor y = at::conv2d(x, weight, {}, stride, weight.size(2) / 2);
  return at::batch_norm(y, w.at(norm + ".weight"), w.at(norm + ".bias"), w.at(norm + ".running_mean"),
                        w.at(norm + ".running_var"), false, 0.0, 1e-5, false);
}

inline at::Tensor bottleneck(const TensorMap& w, const std::string& name, const at::Tensor& x,
                             std::int64_t stride) {
  at::Tensor y = at::relu(conv(w, name + "conv1", name + "bn1", x));
  y = at::avg_pool2d(at::relu(conv(w, name + "conv2", name + "bn2", y)), stride);
  y = conv(w, name + "conv3", name + "bn3", y);
  if (w.count(name + "downsample.0.weight") == 0) return at::relu(x + y);
  return at::relu(conv(w, name + "downsample.0", name + "downsample.1", at::avg_pool2d(x, stride)) + y);
}

/// A ViT of width 128 (two heads), patches of 4, a grid of 3, two blocks, embeddings of 10.
inline TensorMap random_vit() {
  const std::int64_t width = 128;
  RandomTensors random(1);
  random.add("class_embedding", {width}, 0.5);
  random.add("positional_embedding", {10, width}, 0.5);
  random.add("proj", {width, 10}, 0.1);
  random.add("conv1.weight", {width, 3, 4, 4}, 0.15);
  random.add_norm("ln_pre", width);
  random.add_norm("ln_post", width);
  for (const char* block : {"0", "1"}) {
    const std::string name = std::string("transformer.resblocks.") + block + ".";
    random.add(name + "attn.in_proj_weight", {3 * width, width}, 0.15);
    random.add(name + "attn.in_proj_bias", {3 * width}, 0.1);
    random.add_linear(name + "attn.out_proj", width, width);
    random.add_norm(name + "ln_1", width);
    random.add_linear(name + "mlp.c_fc", 4 * width, width);
    random.add_linear(name + "mlp.c_proj", width, 4 * width);
    random.add_norm(name + "ln_2", width);
  }
  return random.map;
}

/// A SigLIP of width 128 (two heads), patches of 4, a grid of 3, two blocks.
inline TensorMap random_siglip() {
  const std::int64_t width = 128;
  RandomTensors random(4);
  random.add("positional_embedding", {9, width}, 0.5);
  random.add("conv1.weight", {width, 3, 4, 4}, 0.15);
  random.add("conv1.bias", {width}, 0.1);
  random.add_norm("ln_post", width);
  for (const char* block : {"0", "1"}) {
    const std::string name = std::string("transformer.resblocks.") + block + ".";
    random.add_norm(name + "ln_1", width);
    for (const char* part : {"attn.q_proj", "attn.k_proj", "attn.v_proj", "attn.out_proj"})
      random.add_linear(name + part, width, width);
    random.add_norm(name + "ln_2", width);
    random.add_linear(name + "mlp.c_fc", 200, width);
    random.add_linear(name + "mlp.c_proj", width, 200);
  }
  random.add("attnpool.probe", {1, 1, width}, 1);
  random.add_linear("attnpool.q_proj", width, width);
  random.add_linear("attnpool.kv_proj", 2 * width, width);
  random.add_linear("attnpool.out_proj", width, width);
  random.add_norm("attnpool.ln", width);
  random.add_linear("attnpool.mlp.c_fc", 72, width);
  random.add_linear("attnpool.mlp.c_proj", width, 72);
  return random.map;
}

/// A ModifiedResNet of width 6 (three heads), resolution 64, blocks 2, 1, 1, 1, embeddings of 10.
inline TensorMap random_resnet() {
  const std::int64_t width = 6;
  RandomTensors random(2);
  add_conv(random, "conv1", "bn1", {width / 2, 3, 3, 3});
  add_conv(random, "conv2", "bn2", {width / 2, width / 2, 3, 3});
  add_conv(random, "conv3", "bn3", {width, width / 2, 3, 3});
  std::int64_t in = width;
  for (const std::string block : {"1.0", "1.1", "2.0", "3.0", "4.0"}) {
    const std::string name = "layer" + block + ".";
    const std::int64_t planes = width << (block[0] - '1');
    add_conv(random, name + "conv1", name + "bn1", {planes, in, 1, 1});
    add_conv(random, name + "conv2", name + "bn2", {planes, planes, 3, 3});
    add_conv(random, name + "conv3", name + "bn3", {4 * planes, planes, 1, 1});
    if (block[2] == '0')
      add_conv(random, name + "downsample.0", name + "downsample.1", {4 * planes, in, 1, 1});
    in = 4 * planes;
  }
  random.add("attnpool.positional_embedding", {5, in}, 0.5);
  for (const char* name : {"attnpool.q_proj", "attnpool.k_proj", "attnpool.v_proj"})
    random.add_linear(name, in, in);
  random.add_linear("attnpool.c_proj", 10, in);
  return random.map;
}

/// Channels of a tiny EfficientNet's stages; sizes of their filters and strides of their first blocks are
/// those of all of them. The second stage has two blocks.
struct TinyStage {
  std::int64_t out;
  std::int64_t side;
  std::int64_t stride;
};
inline constexpr TinyStage kTinyStages[] = {{4, 3, 1},  {6, 3, 2},  {6, 3, 1},  {8, 5, 2},
                                            {10, 3, 2}, {12, 5, 1}, {20, 5, 2}, {24, 3, 1}};

/// An EfficientNet-Lite with 7 classes and 10 features; a stem of 8 channels.
inline TensorMap random_efficientnet() {
  RandomTensors random(3);
  add_conv(random, "_conv_stem", "_bn0", {8, 3, 3, 3});
  std::int64_t in = 8;
  int block = 0;
  for (const TinyStage& stage : kTinyStages) {
    const std::string name = "_blocks." + std::to_string(block) + ".";
    const std::int64_t wide = block == 0 ? in : 6 * in;
    if (wide != in) add_conv(random, name + "_expand_conv", name + "_bn0", {wide, in, 1, 1});
    add_conv(random, name + "_depthwise_conv", name + "_bn1", {wide, 1, stage.side, stage.side});
    add_conv(random, name + "_project_conv", name + "_bn2", {stage.out, wide, 1, 1});
    in = stage.out;
    ++block;
  }
  add_conv(random, "_conv_head", "_bn1", {10, in, 1, 1});
  random.add_linear("_fc", 7, 10);
  return random.map;
}

/// The same computed plainly, from the published formulas.
inline at::Tensor plain_vit(const TensorMap& w, const at::Tensor& pixels, bool quick_gelu) {
  const at::Tensor& kernel = w.at("conv1.weight");
  const std::int64_t width = kernel.size(0);
  const at::Tensor patches = at::conv2d(pixels, kernel, {}, kernel.size(3)).flatten(2).transpose(1, 2);
  const at::Tensor first = w.at("class_embedding").expand({pixels.size(0), 1, width});
  at::Tensor x = norm(w, "ln_pre", at::cat({first, patches}, 1) + w.at("positional_embedding"));
  for (const char* block : {"0", "1"}) {
    const std::string name = std::string("transformer.resblocks.") + block + ".";
    const at::Tensor y = norm(w, name + "ln_1", x);
    const auto qkv =
        (at::matmul(y, w.at(name + "attn.in_proj_weight").t()) + w.at(name + "attn.in_proj_bias"))
            .chunk(3, 2);
    x = x + linear(w, name + "attn.out_proj", plain_attention(qkv[0], qkv[1], qkv[2]));
    const at::Tensor hidden = linear(w, name + "mlp.c_fc", norm(w, name + "ln_2", x));
    const at::Tensor gate =
        quick_gelu ? (1 + (hidden * -1.702).exp()).reciprocal() : (1 + at::erf(hidden / std::sqrt(2.0))) / 2;
    x = x + linear(w, name + "mlp.c_proj", hidden * gate);
  }
  return at::matmul(norm(w, "ln_post", x).select(1, 0), w.at("proj"));
}

/// An MLP with GELU by tanh behind a layer normalisation of SigLIP's eps.
inline at::Tensor plain_siglip_mlp(const TensorMap& w, const std::string& ln, const std::string& mlp,
                                   const at::Tensor& x) {
  const at::Tensor y = at::layer_norm(x, {x.size(2)}, w.at(ln + ".weight"), w.at(ln + ".bias"), 1e-6);
  return linear(w, mlp + "c_proj", at::gelu(linear(w, mlp + "c_fc", y), "tanh"));
}

/// What is to the right of the last whole patch and below is not seen.
inline at::Tensor plain_siglip(const TensorMap& w, const at::Tensor& pixels) {
  const at::Tensor& kernel = w.at("conv1.weight");
  const auto norm6 = [&](const std::string& name, const at::Tensor& x) {
    return at::layer_norm(x, {x.size(2)}, w.at(name + ".weight"), w.at(name + ".bias"), 1e-6);
  };
  at::Tensor x = at::conv2d(pixels, kernel, w.at("conv1.bias"), kernel.size(3)).flatten(2).transpose(1, 2) +
                 w.at("positional_embedding");
  for (const char* block : {"0", "1"}) {
    const std::string name = std::string("transformer.resblocks.") + block + ".";
    const at::Tensor y = norm6(name + "ln_1", x);
    x = x + linear(w, name + "attn.out_proj",
                   plain_attention(linear(w, name + "attn.q_proj", y), linear(w, name + "attn.k_proj", y),
                                   linear(w, name + "attn.v_proj", y)));
    x = x + plain_siglip_mlp(w, name + "ln_2", name + "mlp.", x);
  }
  const auto kv = linear(w, "attnpool.kv_proj", norm6("ln_post", x)).chunk(2, 2);
  const at::Tensor q = linear(w, "attnpool.q_proj", w.at("attnpool.probe")).expand({x.size(0), 1, x.size(2)});
  const at::Tensor y = linear(w, "attnpool.out_proj", plain_attention(q, kv[0], kv[1]));
  return (y + plain_siglip_mlp(w, "attnpool.ln", "attnpool.mlp.", y)).select(1, 0);
}

inline at::Tensor plain_resnet(const TensorMap& w, const at::Tensor& pixels) {
  at::Tensor x = at::relu(conv(w, "conv1", "bn1", pixels, 2));
  x = at::relu(conv(w, "conv2", "bn2", x));
  x = at::avg_pool2d(at::relu(conv(w, "conv3", "bn3", x)), 2);
  for (const std::string block : {"1.0", "1.1", "2.0", "3.0", "4.0"}) {
    x = bottleneck(w, "layer" + block + ".", x, block[0] > '1' ? 2 : 1);
  }
  x = x.flatten(2).transpose(1, 2);  // [B, 4, 192]
  x = at::cat({x.mean(1, true), x}, 1) + w.at("attnpool.positional_embedding");
  const at::Tensor q = linear(w, "attnpool.q_proj", x.narrow(1, 0, 1));
  const at::Tensor y = plain_attention(q, linear(w, "attnpool.k_proj", x), linear(w, "attnpool.v_proj", x));
  return linear(w, "attnpool.c_proj", y).select(1, 0);
}

/// With TensorFlow's padding: what is missing for windows that cover all, the smaller half before.
inline at::Tensor same_conv(const TensorMap& w, const std::string& conv, const std::string& norm,
                            const at::Tensor& x, std::int64_t stride = 1) {
  const at::Tensor& weight = w.at(conv + ".weight");
  const std::int64_t groups = weight.size(1) == 1 ? weight.size(0) : 1;
  const std::int64_t out = (x.size(2) + stride - 1) / stride;
  const std::int64_t missing = std::max<std::int64_t>((out - 1) * stride + weight.size(2) - x.size(2), 0);
  const std::int64_t before = missing / 2;
  const at::Tensor padded = at::constant_pad_nd(x, {before, missing - before, before, missing - before}, 0);
  const at::Tensor y =
      at::conv2d(padded, weight, {}, {stride, stride}, at::IntArrayRef({0, 0}), {1, 1}, groups);
  return at::batch_norm(y, w.at(norm + ".weight"), w.at(norm + ".bias"), w.at(norm + ".running_mean"),
                        w.at(norm + ".running_var"), false, 0.0, 1e-3, false);
}

/// pixels -> [B, 10, h, w]
inline at::Tensor plain_efficientnet_map(const TensorMap& w, const at::Tensor& pixels) {
  at::Tensor x = same_conv(w, "_conv_stem", "_bn0", pixels, 2).clamp(0, 6);
  int block = 0;
  for (const TinyStage& stage : kTinyStages) {
    const std::string name = "_blocks." + std::to_string(block++) + ".";
    at::Tensor y = x;
    if (w.contains(name + "_expand_conv.weight"))
      y = same_conv(w, name + "_expand_conv", name + "_bn0", y).clamp(0, 6);
    y = same_conv(w, name + "_depthwise_conv", name + "_bn1", y, stage.stride).clamp(0, 6);
    y = same_conv(w, name + "_project_conv", name + "_bn2", y);
    x = stage.stride == 1 && y.size(1) == x.size(1) ? x + y : y;
  }
  return same_conv(w, "_conv_head", "_bn1", x).clamp(0, 6);
}

/// pixels -> classes [B, 7] and features [B, 10], side by side
inline at::Tensor plain_efficientnet(const TensorMap& w, const at::Tensor& pixels) {
  const at::Tensor cells = plain_efficientnet_map(w, pixels).flatten(2).transpose(1, 2);  // [B, M, 10]
  const at::Tensor mean = cells.mean(1);
  const at::Tensor mix =
      0.6 * linear(w, "_fc", mean).softmax(-1) + 0.4 * linear(w, "_fc", cells).softmax(-1).mean(1);
  const at::Tensor roots = mix.sqrt() * (mix.sqrt() > 0.05);
  return at::cat({roots / roots.norm(2, -1, true), mean}, 1);
}

inline Tensors as_tensors(const TensorMap& map) {
  return from_aten("clip.pt", "visual.", map);
}

}  // namespace caption::testing
