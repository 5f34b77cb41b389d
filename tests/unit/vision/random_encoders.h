#pragma once

#include <ATen/ATen.h>

#include <cmath>
#include <map>
#include <string>

#include "tensor/tensors.h"

namespace caption::testing {

using TensorMap = std::map<std::string, at::Tensor>;

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

/// A ViT of width 128 (two heads), patches of 4, a grid of 3, two blocks, embeddings of 10.
TensorMap random_vit();
/// A ModifiedResNet of width 6 (three heads), resolution 64, blocks 2, 1, 1, 1, embeddings of 10.
TensorMap random_resnet();

/// The same computed plainly, from the published formulas.
at::Tensor plain_vit(const TensorMap& w, const at::Tensor& pixels, bool quick_gelu);
at::Tensor plain_resnet(const TensorMap& w, const at::Tensor& pixels);

inline Tensors as_tensors(TensorMap map) {
  return Tensors("clip.pt", "visual.", std::move(map));
}

}  // namespace caption::testing
