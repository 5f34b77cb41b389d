#include "train/start.h"

#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "decode/sample.h"
#include "model/bundle.h"
#include "model/modules.h"

namespace caption {
namespace {

/// Tensors of random numbers, the same ones for the same seed.
class Maker {
 public:
  Maker(std::string prefix, std::uint64_t seed, std::uint64_t number)
      : prefix_(std::move(prefix)), random_(seed, number) {}

  void normal(const std::string& name, Shape shape, double deviation) {
    fill(name, std::move(shape), [&] { return deviation * gauss(); });
  }
  void constant(const std::string& name, std::int64_t width, double value) {
    fill(name, {width}, [&] { return value; });
  }
  /// torch.nn.Linear: uniform within 1 / sqrt(in), the bias likewise.
  void linear(const std::string& name, std::int64_t out, std::int64_t in, bool bias = true) {
    const double bound = 1 / std::sqrt(static_cast<double>(in));
    const auto uniform = [&] { return bound * (2 * random_.next() - 1); };
    fill(name + ".weight", {out, in}, uniform);
    if (bias) fill(name + ".bias", {out}, uniform);
  }
  void norm(const std::string& name, std::int64_t width) {
    constant(name + ".weight", width, 1);
    constant(name + ".bias", width, 0);
  }

  NamedTensors take() { return std::move(tensors_); }

 private:
  /// Box and Muller's.
  double gauss() {
    const double radius = std::sqrt(-2 * std::log(1 - random_.next()));
    return radius * std::cos(2 * std::numbers::pi * random_.next());
  }

  template <typename Draw>
  void fill(const std::string& name, Shape shape, const Draw& draw) {
    Tensor tensor = Tensor::empty(std::move(shape));
    float* const values = tensor.mutable_data();
    for (std::int64_t i = 0; i < tensor.numel(); ++i) values[i] = static_cast<float>(draw());
    tensors_.emplace(prefix_ + name, tensor);
  }

  std::string prefix_;
  SplitMix64 random_;
  NamedTensors tensors_;
};

}  // namespace

NamedTensors read_captioner(const std::filesystem::path& folder, const Manifest& manifest) {
  const ModelParts parts = read_parts(module_files(folder, manifest));
  NamedTensors weights;
  for (const auto& [name, tensor] : parts.mapper.all())
    weights.emplace(kMapperPrefix + name, tensor.to_fp32());
  const auto& gpt2 = parts.gpt2.all();
  for (const auto& [name, tensor] : gpt2) {
    // Most often the table of the tokens' embeddings once more.
    if (name == "lm_head.weight" && equal_values(tensor, gpt2.at("wte.weight"))) continue;
    weights.emplace(kGpt2Prefix + name, tensor.to_fp32());
  }
  return weights;
}

NamedTensors make_mapper_weights(const NewMapper& mapper, std::int64_t embedding, std::int64_t width,
                                 std::uint64_t seed) {
  Maker maker(kMapperPrefix, seed, 1);
  const std::int64_t outputs = mapper.prefix_length * width;
  if (mapper.kind == MapperKind::mlp) {
    maker.linear("model.0", outputs / 2, embedding);
    maker.linear("model.2", outputs, outputs / 2);
    return maker.take();
  }
  maker.linear("linear", mapper.clip_length * width, embedding);
  maker.normal("prefix_const", {mapper.prefix_length, width}, 1);
  for (std::int64_t i = 0; i < mapper.layers; ++i) {
    const std::string layer = "transformer.layers." + std::to_string(i) + ".";
    maker.norm(layer + "norm1", width);
    maker.linear(layer + "attn.to_queries", width, width, false);
    maker.linear(layer + "attn.to_keys_values", 2 * width, width, false);
    maker.linear(layer + "attn.project", width, width);
    maker.norm(layer + "norm2", width);
    maker.linear(layer + "mlp.fc1", 2 * width, width);
    maker.linear(layer + "mlp.fc2", width, 2 * width);
  }
  return maker.take();
}

NamedTensors make_gpt2_weights(const NewGpt2& gpt2, std::uint64_t seed) {
  constexpr double kDeviation = 0.02;
  const double residual = kDeviation / std::sqrt(2.0 * static_cast<double>(gpt2.layers));
  const std::int64_t width = gpt2.width;
  Maker maker(kGpt2Prefix, seed, 2);
  const auto conv1d = [&](const std::string& name, std::int64_t in, std::int64_t out, double deviation) {
    maker.normal(name + ".weight", {in, out}, deviation);
    maker.constant(name + ".bias", out, 0);
  };
  maker.normal("wte.weight", {gpt2.vocabulary, width}, kDeviation);
  maker.normal("wpe.weight", {gpt2.context, width}, kDeviation);
  for (std::int64_t i = 0; i < gpt2.layers; ++i) {
    const std::string block = "h." + std::to_string(i) + ".";
    maker.norm(block + "ln_1", width);
    conv1d(block + "attn.c_attn", width, 3 * width, kDeviation);
    conv1d(block + "attn.c_proj", width, width, residual);
    maker.norm(block + "ln_2", width);
    conv1d(block + "mlp.c_fc", width, 4 * width, kDeviation);
    conv1d(block + "mlp.c_proj", 4 * width, width, residual);
  }
  maker.norm("ln_f", width);
  return maker.take();
}

}  // namespace caption
