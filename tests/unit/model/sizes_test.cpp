#include "model/sizes.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "caption/error.h"
#include "model/bundle.h"

namespace caption {
namespace {

std::filesystem::path bundle_folder(const std::string& name) {
  return std::filesystem::path(CAPTION_TEST_DATA) / "parity" / name;
}

TEST(ModelSizes, KnowTheKinds) {
  const ModelSizes vit = read_sizes(bundle_folder("vit-mlp"));
  EXPECT_TRUE(std::holds_alternative<VitSizes>(vit.encoder));
  EXPECT_TRUE(std::holds_alternative<MlpMapperSizes>(vit.mapper));
  const ModelSizes resnet = read_sizes(bundle_folder("resnet-transformer"));
  EXPECT_TRUE(std::holds_alternative<ResNetSizes>(resnet.encoder));
  EXPECT_TRUE(std::holds_alternative<TransformerMapperSizes>(resnet.mapper));
}

TEST(ModelSizes, AreThoseOfTheLoadedModel) {
  for (const char* name : {"vit-mlp", "resnet-transformer"}) {
    const ModelSizes sizes = read_sizes(bundle_folder(name));
    const Bundle<Tensor> bundle = load_cpu_bundle(bundle_folder(name), {});
    EXPECT_EQ(sizes.embedding(), bundle.encoder->embedding()) << name;
    EXPECT_EQ(sizes.embedding(), bundle.mapper->embedding()) << name;
    EXPECT_EQ(sizes.prefix_length(), bundle.mapper->prefix_length()) << name;
    EXPECT_EQ(std::visit([](const auto& encoder) { return encoder.resolution(); }, sizes.encoder),
              bundle.encoder->resolution())
        << name;
    EXPECT_EQ(sizes.gpt2.vocabulary, bundle.gpt2->sizes().vocabulary) << name;
    EXPECT_EQ(sizes.gpt2.context, bundle.manifest.language_model.context) << name;
    EXPECT_EQ(sizes.gpt2.width, bundle.manifest.language_model.width) << name;
    EXPECT_EQ(sizes.gpt2.layers, bundle.manifest.language_model.layers) << name;
  }
}

/// As large as the shapes of a linear mapper say, which no tiny model has.
TEST(ModelSizes, OfALinearMapper) {
  ModelParts parts =
      read_parts(module_files(bundle_folder("vit-mlp"), read_manifest(bundle_folder("vit-mlp"))));
  const std::int64_t width = read_gpt2_sizes(parts.gpt2).width;
  parts.mapper = Tensors("mapper.pt", "",
                         {{"weight", Tensor::empty({4 * width, 17})}, {"bias", Tensor::empty({4 * width})}});
  const auto linear = std::get<LinearMapperSizes>(read_sizes(parts).mapper);
  EXPECT_EQ(linear.embedding, 17);
  EXPECT_EQ(linear.prefix_length, 4);
}

TEST(ModelSizes, OfNoModelAreAnErrorOfItsModel) {
  try {
    read_sizes(bundle_folder("images"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::model);
  }
}

}  // namespace
}  // namespace caption
