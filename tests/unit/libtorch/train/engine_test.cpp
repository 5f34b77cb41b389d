#include "libtorch/train/engine.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <utility>

#include "aten.h"
#include "weights/weights.h"

namespace caption {
namespace {

/// What scripts/make_train_goldens.py wrote.
class Goldens {
 public:
  explicit Goldens(const std::string& kind)
      : file_(read_weights(std::string(CAPTION_TEST_DATA) + "/train/" + kind + ".safetensors")) {}

  NamedTensors part(const std::string& prefix) const {
    NamedTensors found;
    for (const auto& [name, tensor] : file_.tensors)
      if (name.starts_with(prefix)) found.emplace(name.substr(prefix.size()), tensor);
    return found;
  }

  std::int64_t updates() const { return values("losses").numel(); }
  double value(const std::string& name, std::int64_t update) const { return values(name).data()[update]; }

  TrainingBatch batch(std::int64_t update) const {
    const Tensor captions = values("captions").select(0, update).contiguous();  // [B, T], -1 behind the ends
    TrainingBatch batch{values("embeddings").select(0, update).contiguous(), {}};
    for (std::int64_t i = 0; i < captions.size(0); ++i) {
      std::vector<std::int32_t>& caption = batch.captions.emplace_back();
      for (std::int64_t t = 0; t < captions.size(1); ++t)
        if (const float id = captions.data()[i * captions.size(1) + t]; id >= 0)
          caption.push_back(static_cast<std::int32_t>(id));
    }
    return batch;
  }

 private:
  const Tensor& values(const std::string& name) const { return file_.tensors.at(name); }

  WeightFile file_;
};

/// Without the keys' part of a bias: it adds the same to all of a query's scores, so its gradient is nothing
/// but rounding, which AdamW makes as large as any other.
at::Tensor told_by_gradients(const std::string& name, const Tensor& tensor) {
  const at::Tensor values = to_aten(tensor);
  if (!name.ends_with("attn.c_attn.bias")) return values;
  const std::int64_t width = values.size(0) / 3;
  return at::cat({values.narrow(0, 0, width), values.narrow(0, 2 * width, width)});
}

/// Relative to the largest value of each tensor.
void expect_near(const NamedTensors& actual, const NamedTensors& expected, double tolerance) {
  for (const auto& [name, tensor] : expected) {
    ASSERT_EQ(actual.count(name), 1U) << name;
    const at::Tensor theirs = told_by_gradients(name, tensor);
    EXPECT_LE(largest_difference(told_by_gradients(name, actual.at(name)), theirs),
              tolerance * theirs.abs().max().item<double>())
        << name;
  }
}

LearningOptions options_of(const std::string& kind) {
  if (kind == "mlp") return {.weight_decay = 0.05};
  return {.mapper_only = true, .clip_norm = 0.1};
}

void learn_as_pytorch(const std::string& kind, const std::vector<std::int64_t>& kept) {
  const Goldens goldens(kind);
  const auto engine = make_training_engine({goldens.part("before."), {}, {}}, options_of(kind), at::kCPU);
  for (std::int64_t i = 0; i < goldens.updates(); ++i) {
    const TrainingBatch batch = goldens.batch(i);
    const UpdateResult result = engine->update({&batch, 1}, i + 1, goldens.value("rates", i));
    EXPECT_NEAR(result.loss, goldens.value("losses", i), 1e-4 * result.loss) << i;
    EXPECT_NEAR(result.gradient_norm, goldens.value("norms", i), 1e-4 * result.gradient_norm) << i;
    for (const std::int64_t update : kept) {
      const NamedTensors gradients = goldens.part("gradient." + std::to_string(update) + ".");
      ASSERT_FALSE(gradients.empty());
      if (update == i + 1) expect_near(engine->gradients(), gradients, 1e-4);
    }
  }
  const NamedTensors weights = engine->state().weights;
  expect_near(weights, goldens.part("after."), 1e-4);
  if (kind == "transformer") {  // GPT-2 stays as it was, bit for bit
    for (const auto& [name, tensor] : goldens.part("before."))
      EXPECT_EQ(same_bits(to_aten(weights.at(name)), to_aten(tensor)), name.starts_with("gpt.")) << name;
  }
}

TEST(TrainingEngine, LearnsAsPyTorchDoes) {
  learn_as_pytorch("mlp", {1, 20});
}

TEST(TrainingEngine, TrainsTheMapperAloneAsPyTorchDoes) {
  learn_as_pytorch("transformer", {1, 20});
}

TEST(TrainingEngine, PartsAreOneBatch) {
  const Goldens goldens("mlp");
  const auto whole = make_training_engine({goldens.part("before."), {}, {}}, {}, at::kCPU);
  const auto parted = make_training_engine({goldens.part("before."), {}, {}}, {}, at::kCPU);
  const TrainingBatch batch = goldens.batch(0);
  std::vector<TrainingBatch> parts;
  for (const auto& [from, count] : {std::pair{0, 2}, std::pair{2, 3}})
    parts.push_back({batch.embeddings.narrow(0, from, count).contiguous(),
                     {batch.captions.begin() + from, batch.captions.begin() + from + count}});
  const UpdateResult expected = whole->update({&batch, 1}, 1, 1e-3);
  const UpdateResult result = parted->update(parts, 1, 1e-3);
  EXPECT_NEAR(result.loss, expected.loss, 1e-6);
  expect_near(parted->gradients(), whole->gradients(), 1e-5);
}

/// Whatever is drawn at random, too.
TEST(TrainingEngine, GoesOnFromItsStateBitForBit) {
  const Goldens goldens("mlp");
  const LearningOptions options{.weight_decay = 0.01, .dropout = 0.2, .label_smoothing = 0.1, .seed = 5};
  const auto run = [&](TrainingEngine& engine, std::int64_t from, std::int64_t to) {
    for (std::int64_t i = from; i < to; ++i) {
      const TrainingBatch batch = goldens.batch(i);
      engine.update({&batch, 1}, i + 1, 1e-3);
    }
  };
  const auto first = make_training_engine({goldens.part("before."), {}, {}}, options, at::kCPU);
  run(*first, 0, 7);
  const auto second = make_training_engine(first->state(), options, at::kCPU);
  run(*first, 7, 20);
  run(*second, 7, 20);
  const LearningState expected = first->state();
  const LearningState state = second->state();
  for (const auto& [theirs, ours] :
       {std::pair(&expected.weights, &state.weights), std::pair(&expected.first, &state.first),
        std::pair(&expected.second, &state.second)})
    for (const auto& [name, tensor] : *theirs)
      EXPECT_TRUE(same_bits(to_aten(tensor), to_aten(ours->at(name)))) << name;
}

TEST(TrainingEngine, LearnsInBf16AndWithDropout) {
  const Goldens goldens("mlp");
  const TrainingBatch batch = goldens.batch(0);
  const auto exact = make_training_engine({goldens.part("before."), {}, {}}, {}, at::kCPU);
  const auto rough = make_training_engine({goldens.part("before."), {}, {}}, {.bf16 = true}, at::kCPU);
  const double loss = exact->update({&batch, 1}, 1, 1e-3).loss;
  const double rough_loss = rough->update({&batch, 1}, 1, 1e-3).loss;
  EXPECT_NE(rough_loss, loss);
  EXPECT_NEAR(rough_loss, loss, 0.02 * loss);
  expect_near(rough->gradients(), exact->gradients(), 0.1);
  const auto hidden = make_training_engine({goldens.part("before."), {}, {}}, {.dropout = 0.3}, at::kCPU);
  EXPECT_NE(hidden->update({&batch, 1}, 1, 1e-3).loss, loss);
}

TEST(TrainingEngine, TheLossOfABatchIsThatOfItsTokens) {
  const Goldens goldens("mlp");
  const auto engine = make_training_engine({goldens.part("before."), {}, {}}, {.dropout = 0.5}, at::kCPU);
  TrainingBatch batch = goldens.batch(0);
  double tokens = 0;
  for (const auto& caption : batch.captions) tokens += static_cast<double>(caption.size());
  EXPECT_NEAR(engine->loss(batch) / tokens, goldens.value("losses", 0), 1e-4);
}

TEST(TrainingEngine, NothingIsUpdatedFromWhatIsNoNumber) {
  const Goldens goldens("mlp");
  const auto engine = make_training_engine({goldens.part("before."), {}, {}}, {}, at::kCPU);
  TrainingBatch batch = goldens.batch(0);
  std::vector<float> values(batch.embeddings.data(), batch.embeddings.data() + batch.embeddings.numel());
  values[3] = std::numeric_limits<float>::infinity();
  batch.embeddings = Tensor::of(batch.embeddings.sizes(), values);
  const UpdateResult result = engine->update({&batch, 1}, 1, 1e-3);
  EXPECT_FALSE(std::isfinite(result.gradient_norm) && std::isfinite(result.loss));
  for (const auto& [name, tensor] : goldens.part("before."))
    EXPECT_TRUE(same_bits(to_aten(engine->state().weights.at(name)), to_aten(tensor))) << name;
}

}  // namespace
}  // namespace caption
