#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "caption/api.h"
#include "gpt2/sizes.h"
#include "mapper/sizes.h"
#include "tensor/tensor.h"
#include "train/named_tensors.h"

namespace caption {

/// Captions with their pictures, which are learnt together.
struct TrainingBatch {
  Tensor embeddings;                                ///< [B, D] fp32, as the mapper takes them
  std::vector<std::vector<std::int32_t>> captions;  ///< B token ids, each one token at least
};

/// How a captioner learns.
struct LearningOptions {
  bool mapper_only = false;    ///< GPT-2 stays as it is
  double weight_decay = 0;     ///< AdamW's, of all weights; the published recipe has none
  double clip_norm = 0;        ///< gradients longer than this all together are shortened to it; 0: none are
  double dropout = 0;          ///< share of GPT-2's activations that are hidden, as its own training had it
  double label_smoothing = 0;  ///< share of the target's probability that goes to all tokens alike
  bool bf16 = false;           ///< matrices are multiplied in bf16; weights, sums and the rest stay fp32
  std::uint64_t seed = 0;      ///< of dropout
  Gpt2Choices gpt2;            ///< what GPT-2's weights do not tell
  std::int64_t mapper_heads = kMapperHeads;  ///< of a transformer
};

/// What one update did.
struct UpdateResult {
  double loss = 0;           ///< mean negative log-likelihood of a token, in nats
  double gradient_norm = 0;  ///< Euclidean length of all gradients together, before they were shortened
};

/// Everything that goes on from one update to the next.
struct LearningState {
  NamedTensors weights;  ///< fp32, all of them
  NamedTensors first;   ///< AdamW's mean of the gradients, of those that learn; empty before the first update
  NamedTensors second;  ///< and of their squares
};

/// A mapper and a GPT-2 that learn, by LibTorch. On the CPU the same calls give the same bits, as long as the
/// number of threads is the same.
class TrainingEngine {
 public:
  virtual ~TrainingEngine() = default;

  /// One update by AdamW (beta 0.9 and 0.999, epsilon 1e-8) from the mean loss over all tokens of `parts`
  /// together: they are computed one after the other, as memory allows no more at a time. `number` counts
  /// updates from 1 on. If the loss or the gradient is no number, nothing is updated, and the result says so.
  virtual UpdateResult update(std::span<const TrainingBatch> parts, std::int64_t number,
                              double learning_rate) = 0;
  /// The sum of the tokens' negative log-likelihoods, without dropout and smoothing.
  virtual double loss(const TrainingBatch& batch) = 0;

  /// Copies in the CPU's memory.
  virtual LearningState state() const = 0;
  virtual NamedTensors weights() const = 0;
  /// Gradients of the last update, before they were shortened, of the weights that learn.
  virtual NamedTensors gradients() const = 0;
};

/// What the module libcaption_train.so has.
struct TrainingLibrary {
  /// `device` is "cpu", "cuda" or "cuda:N"; `threads` 0 is one per core. Throws Error(model) for a device
  /// that cannot be used, and for weights that do not fit each other.
  std::unique_ptr<TrainingEngine> (*make_engine)(LearningState state, const LearningOptions& options,
                                                 const std::string& device, int threads);
};

/// Opens the module, once. Throws Error(model) if the installation has none.
const TrainingLibrary& training_library();

}  // namespace caption

/// The module's one entry point.
extern "C" CAPTION_API const caption::TrainingLibrary* caption_training_library();
