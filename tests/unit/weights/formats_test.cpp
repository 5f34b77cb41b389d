// Files that torch and safetensors wrote (scripts/make_weight_files.py): the same tensors must come out.
#include "archives.h"

namespace caption::test {
namespace {

/// The rule by which scripts/make_weight_files.py fills a tensor, in double.
at::Tensor filled(const std::string& name, c10::IntArrayRef shape, at::ScalarType dtype) {
  const at::Tensor index =
      at::arange(c10::multiply_integers(shape), at::kLong) + static_cast<std::int64_t>(name.size());
  if (dtype == at::kBool) return index.remainder(2).to(at::kDouble).reshape(shape);
  const at::Tensor values = index.remainder(64).to(at::kDouble).reshape(shape);
  return at::isFloatingType(dtype) ? values / 4 : values;
}

void expect_filled(const WeightFile& file, const std::string& name, const std::string& rule,
                   const Shape& shape, at::ScalarType dtype) {
  SCOPED_TRACE(file.path.string() + " " + name);
  ASSERT_EQ(file.tensors.count(name), 1u);
  const at::Tensor& tensor = file.tensors.at(name);
  EXPECT_EQ(tensor.sizes(), c10::IntArrayRef(shape));
  EXPECT_EQ(tensor.scalar_type(), dtype);
  EXPECT_TRUE(at::equal(tensor.to(at::kDouble), filled(rule, shape, dtype)));
}

void expect_filled(const WeightFile& file, const std::string& name, const Shape& shape,
                   at::ScalarType dtype) {
  expect_filled(file, name, name, shape, dtype);
}

class Dtypes : public testing::TestWithParam<const char*> {};

TEST_P(Dtypes, AreReadAsWritten) {
  const WeightFile file = read_weights(data(GetParam()));
  expect_filled(file, "t.f16", {3, 5}, at::kHalf);
  expect_filled(file, "t.bf16", {3, 5}, at::kBFloat16);
  expect_filled(file, "t.f32", {3, 5}, at::kFloat);
  expect_filled(file, "t.f64", {3, 5}, at::kDouble);
  expect_filled(file, "t.u8", {3, 5}, at::kByte);
  expect_filled(file, "t.i8", {3, 5}, at::kChar);
  expect_filled(file, "t.i16", {3, 5}, at::kShort);
  expect_filled(file, "t.i32", {3, 5}, at::kInt);
  expect_filled(file, "t.i64", {3, 5}, at::kLong);
  expect_filled(file, "t.bool", {3, 5}, at::kBool);
  expect_filled(file, "t.scalar", {}, at::kFloat);
  expect_filled(file, "t.empty", {0, 4}, at::kFloat);
  EXPECT_EQ(file.tensors.size(), 12u);
}

INSTANTIATE_TEST_SUITE_P(Formats, Dtypes,
                         testing::Values("dtypes.pt", "dtypes_legacy.pt", "dtypes.safetensors"));

TEST(Formats, AreTold) {
  EXPECT_EQ(read_weights(data("dtypes.pt")).format, "torch.save");
  EXPECT_EQ(read_weights(data("dtypes_legacy.pt")).format, "torch.save (legacy)");
  EXPECT_EQ(read_weights(data("dtypes.safetensors")).format, "safetensors");
  EXPECT_EQ(read_weights(data("scripted.pt")).format, "torchscript");
}

class StateDicts : public testing::TestWithParam<std::string> {};

TEST_P(StateDicts, MayHoldViewsOfOneStorage) {
  const WeightFile file = read_weights(data("views" + GetParam()));
  expect_filled(file, "base", {4, 6}, at::kFloat);
  expect_filled(file, "again", "base", {4, 6}, at::kFloat);
  expect_filled(file, "parameter", {3}, at::kHalf);
  const at::Tensor& base = file.tensors.at("base");
  EXPECT_TRUE(at::equal(file.tensors.at("transposed"), base.t()));
  EXPECT_TRUE(at::equal(file.tensors.at("slice"), base.slice(0, 1, 3).slice(1, 2, 5)));
  EXPECT_EQ(base.const_data_ptr(), file.tensors.at("again").const_data_ptr());
}

TEST_P(StateDicts, MayHaveMetadata) {
  const WeightFile file = read_weights(data("state_dict" + GetParam()));
  expect_filled(file, "0.weight", {2, 3}, at::kFloat);
  expect_filled(file, "0.bias", {2}, at::kFloat);
  EXPECT_EQ(file.tensors.size(), 2u);
}

TEST_P(StateDicts, MayBeWrappedByATrainingProgram) {
  const WeightFile file = read_weights(data("wrapped" + GetParam()));
  expect_filled(file, "0.weight", {2, 3}, at::kFloat);
  expect_filled(file, "0.bias", {2}, at::kFloat);
  EXPECT_EQ(file.tensors.size(), 2u);
}

INSTANTIATE_TEST_SUITE_P(Formats, StateDicts, testing::Values(".pt", "_legacy.pt"));

class TorchScript : public testing::TestWithParam<const char*> {};

TEST_P(TorchScript, GivesNestedNamesAndAttributes) {
  const WeightFile file = read_weights(data(GetParam()));
  for (const std::string block : {"visual.blocks.0", "visual.blocks.1"}) {
    expect_filled(file, block + ".weight", {2, 3}, at::kHalf);
    expect_filled(file, block + ".bias", {3}, at::kFloat);
    expect_filled(file, block + ".steps", {}, at::kLong);
  }
  expect_filled(file, "visual.proj", {3, 2}, at::kBFloat16);
  expect_filled(file, "logit_scale", {}, at::kFloat);
  EXPECT_EQ(file.tensors.size(), 8u);
  EXPECT_EQ(file.attributes.at("input_resolution"), 224);
}

INSTANTIATE_TEST_SUITE_P(Formats, TorchScript, testing::Values("scripted.pt", "traced.pt"));

TEST(TorchScriptOnly, KeepsPlainIntegers) {
  const WeightFile file = read_weights(data("scripted.pt"));
  const std::map<std::string, std::int64_t> expected = {{"context_length", 77}, {"input_resolution", 224}};
  EXPECT_EQ(file.attributes, expected);
}

TEST(TorchScriptOnly, FrozenArchivesAreRefused) {
  expect_refused(data("frozen.pt"), {"frozen", "unfrozen"});
}

TEST(Mapping, OutlivesTheFileAndIsNotCopied) {
  at::Tensor tensor;
  {
    const TemporaryFile file(bytes_of(data("views.pt")));
    tensor = read_weights(file.path()).tensors.at("base");
  }
  EXPECT_TRUE(at::equal(tensor.to(at::kDouble), filled("base", {4, 6}, at::kFloat)));
  // torch stores at multiples of 64 bytes, and a mapping begins at a page.
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.const_data_ptr()) % 64, 0u);
}

TEST(Mapping, MisalignedTensorsAreCopied) {
  const std::string floats = little(0x3f800000, 4) + little(0x40000000, 4);
  for (std::size_t shift = 0; shift < 4; ++shift) {
    const WeightFile file =
        read_bytes(zip_of({{.name = "a/data.pkl", .bytes = dict_with(tensor(storage(2), 0, {2}, {1}))},
                           {.name = "a/" + std::string(shift, 'p'), .bytes = ""},
                           {.name = "a/data/0", .bytes = floats}}));
    const at::Tensor& read = file.tensors.at("w");
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(read.const_data_ptr()) % 4, 0u);
    EXPECT_TRUE(at::equal(read, at::tensor({1.0f, 2.0f})));
  }
}

TEST(Zip64, IsRead) {
  const std::string pickle = dict_with(tensor(storage(1), 0, {1}, {1}));
  const WeightFile file =
      read_bytes(zip_of({{.name = "a/data.pkl", .bytes = pickle, .zip64 = true},
                         {.name = "a/data/0", .bytes = little(0x3f800000, 4), .zip64 = true}},
                        {.zip64 = true}));
  EXPECT_TRUE(at::equal(file.tensors.at("w"), at::ones({1})));
}

TEST(Crc32, IsThatOfZip) {
  EXPECT_EQ(crc_of("123456789"), 0xCBF43926u);
  EXPECT_EQ(crc_of(""), 0u);
  EXPECT_EQ(crc_of("The quick brown fox jumps over the lazy dog"), 0x414FA339u);
}

}  // namespace
}  // namespace caption::test
