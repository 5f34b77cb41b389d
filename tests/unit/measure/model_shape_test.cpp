#include "measure/model_shape.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "model/bundle.h"
#include "kernels/work.h"

namespace caption {
namespace {

std::filesystem::path bundle_folder(const std::string& name) {
  return std::filesystem::path(CAPTION_TEST_DATA) / "parity" / name;
}

double operations(const std::function<void()>& run) {
  constexpr auto kFp32 = static_cast<std::size_t>(Arithmetic::fp32);
  const Work before = work_so_far();
  run();
  return static_cast<double>((work_so_far() - before).operations[kFp32]);
}

/// The demands that follow from the shape are what the loaded model calculates.
TEST(ModelShape, IsWhatTheModelCalculates) {
  const at::InferenceMode no_gradients;
  for (const std::string name : {"vit-mlp", "resnet-transformer"}) {
    const auto shape = model_shape(bundle_folder(name));
    ASSERT_TRUE(shape.has_value());
    const Bundle bundle = load_bundle(bundle_folder(name), {});
    double expected = 0;
    for (const StageDemand& demand : model_demands(*shape, {.batch = 2, .beam = 1, .tokens = 1}))
      expected += demand.flops;
    const std::int64_t side = bundle.encoder->resolution();
    EXPECT_EQ(operations([&] {
                const at::Tensor embedding = bundle.encoder->encode(at::randn({2, 3, side, side}));
                bundle.gpt2->start().step({}, {}, bundle.mapper->map(embedding));
              }),
              expected)
        << name;
  }
}

TEST(ModelShape, KnowsTheKinds) {
  const auto vit = model_shape(bundle_folder("vit-mlp"));
  EXPECT_TRUE(std::holds_alternative<VitShape>(vit->encoder));
  EXPECT_TRUE(std::holds_alternative<MlpMapperShape>(vit->mapper));
  const auto resnet = model_shape(bundle_folder("resnet-transformer"));
  EXPECT_TRUE(std::holds_alternative<ResNetShape>(resnet->encoder));
  EXPECT_TRUE(std::holds_alternative<TransformerMapperShape>(resnet->mapper));
}

}  // namespace
}  // namespace caption
