#pragma once

#include <array>
#include <string>
#include <variant>
#include <vector>

namespace caption {

/// Sizes of a ViT: see vision/vit.h.
struct VitShape {
  int width = 0;
  int layers = 0;
  int patch = 0;
  int resolution = 0;
};

/// Sizes of a ModifiedResNet: see vision/resnet.h.
struct ResNetShape {
  int width = 0;
  std::array<int, 4> blocks{};
  int resolution = 0;
};

struct MlpMapperShape {
  int hidden = 0;
};

struct TransformerMapperShape {
  int clip_length = 0;
  int layers = 0;
  int hidden = 0;
};

/// All that the arithmetic of a model depends on.
struct ModelShape {
  std::variant<VitShape, ResNetShape> encoder;
  int embedding = 0;  ///< D
  std::variant<MlpMapperShape, TransformerMapperShape> mapper;
  int prefix = 0;      ///< P
  int width = 0;       ///< E, of GPT-2
  int layers = 0;      ///< L
  int hidden = 0;      ///< of GPT-2's MLPs
  int vocabulary = 0;  ///< V
};

/// What a model is asked for.
struct Workload {
  int batch = 1;    ///< images together
  int beam = 1;     ///< 1 is greedy
  int tokens = 12;  ///< of each caption
};

/// What a stage does for a whole batch, on a device that keeps numbers in 2 bytes.
struct StageDemand {
  std::string stage;   ///< encode, map, prefill, step or vocabulary
  double weights = 0;  ///< parameters; each pass reads them once
  double passes = 1;
  /// Bytes that the operators read and write besides the weights, each operand once.
  double activation_bytes = 0;
  double flops = 0;    ///< of matrix products and attention; a multiply-add is two
  double kernels = 0;  ///< that are launched

  double bytes() const { return 2 * weights * passes + activation_bytes; }
};

/// The stages in their order. "prefill" and "step" are GPT-2's blocks, for the prefix and for all further
/// tokens of a search that keeps `beam` rows to the end; "vocabulary" is the output layer and the search's
/// look at the logits, for both. Operators as on a GPU: attention, bias and tanh-GELU are each part of one
/// kernel; the rows of a search share their past (cuda/attend.h); one kernel finds the likeliest tokens.
std::vector<StageDemand> model_demands(const ModelShape& model, const Workload& work);

}  // namespace caption
