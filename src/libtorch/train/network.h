#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "gpt2/sizes.h"
#include "mapper/sizes.h"
#include "train/training_engine.h"

namespace caption {

/// ClipCap's mapper and GPT-2 with captions that are known, for autograd: everything that is at inference
/// done in place or token by token (gpt2/gpt2.h, mapper/make_mapper.h) is here one pass over whole captions.
class CaptioningNetwork {
 public:
  /// Weights by ClipCap's names, which it shares. Throws Error(model) for shapes that do not fit each other.
  CaptioningNetwork(std::map<std::string, at::Tensor> weights, const NamedTensors& shapes,
                    const LearningOptions& options);

  /// The sum of the negative log-likelihoods of all tokens, each after its picture's prefix and the tokens
  /// before it, as a scalar.
  at::Tensor loss(const TrainingBatch& batch, double dropout, double label_smoothing) const;

  const std::map<std::string, at::Tensor>& weights() const { return weights_; }

 private:
  const at::Tensor& mapper(const std::string& name) const;
  const at::Tensor& gpt2(const std::string& name) const;
  at::Tensor linear(const at::Tensor& x, const std::string& name, bool bias) const;
  at::Tensor map(const at::Tensor& embeddings) const;          // [B, D] -> [B, P, E]
  at::Tensor transformer(const at::Tensor& embeddings) const;  // likewise
  at::Tensor blocks(at::Tensor x, double dropout) const;       // [B, T, E] -> [B, T, E]

  std::map<std::string, at::Tensor> weights_;
  MapperKind kind_ = MapperKind::mlp;
  MlpMapperSizes mlp_;
  TransformerMapperSizes transformer_;
  Gpt2Sizes sizes_;
  std::int64_t prefix_length_ = 0;
  Activation activation_;
};

}  // namespace caption
