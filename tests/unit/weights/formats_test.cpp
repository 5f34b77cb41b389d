// Files that torch and safetensors wrote (scripts/make_weight_files.py): the same tensors must come out.
#include <set>

#include "archives.h"

namespace caption::test {
namespace {

/// The elements in their order.
std::vector<double> values_of(const Tensor& tensor) {
  const Tensor flat = tensor.reshape({-1});
  std::vector<double> values;
  for (std::int64_t i = 0; i < flat.numel(); ++i) {
    const Tensor one = flat.select(0, i);
    if (one.dtype() == DType::boolean)
      values.push_back(std::to_integer<int>(*one.bytes()));
    else
      values.push_back(is_integer(one.dtype()) ? static_cast<double>(one.integer()) : *one.to_fp32().data());
  }
  return values;
}

/// The rule by which scripts/make_weight_files.py fills a tensor.
std::vector<double> filled(const std::string& name, const Shape& shape, DType dtype) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < count_elements(shape); ++i) {
    const std::int64_t index = i + static_cast<std::int64_t>(name.size());
    const auto value = static_cast<double>(index % (dtype == DType::boolean ? 2 : 64));
    values.push_back(is_integer(dtype) || dtype == DType::boolean ? value : value / 4);
  }
  return values;
}

void expect_filled(const WeightFile& file, const std::string& name, const std::string& rule,
                   const Shape& shape, DType dtype) {
  SCOPED_TRACE(file.path.string() + " " + name);
  ASSERT_EQ(file.tensors.count(name), 1u);
  const Tensor& tensor = file.tensors.at(name);
  EXPECT_EQ(tensor.sizes(), shape);
  EXPECT_EQ(tensor.dtype(), dtype);
  EXPECT_EQ(values_of(tensor), filled(rule, shape, dtype));
}

void expect_filled(const WeightFile& file, const std::string& name, const Shape& shape, DType dtype) {
  expect_filled(file, name, name, shape, dtype);
}

class Dtypes : public testing::TestWithParam<const char*> {};

TEST_P(Dtypes, AreReadAsWritten) {
  const WeightFile file = read_weights(data(GetParam()));
  expect_filled(file, "t.f16", {3, 5}, DType::fp16);
  expect_filled(file, "t.bf16", {3, 5}, DType::bf16);
  expect_filled(file, "t.f32", {3, 5}, DType::fp32);
  expect_filled(file, "t.f64", {3, 5}, DType::fp64);
  expect_filled(file, "t.u8", {3, 5}, DType::uint8);
  expect_filled(file, "t.i8", {3, 5}, DType::int8);
  expect_filled(file, "t.i16", {3, 5}, DType::int16);
  expect_filled(file, "t.i32", {3, 5}, DType::int32);
  expect_filled(file, "t.i64", {3, 5}, DType::int64);
  expect_filled(file, "t.bool", {3, 5}, DType::boolean);
  expect_filled(file, "t.scalar", {}, DType::fp32);
  expect_filled(file, "t.empty", {0, 4}, DType::fp32);
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
  expect_filled(file, "base", {4, 6}, DType::fp32);
  expect_filled(file, "again", "base", {4, 6}, DType::fp32);
  expect_filled(file, "parameter", {3}, DType::fp16);
  const Tensor& base = file.tensors.at("base");
  EXPECT_EQ(file.tensors.at("transposed").sizes(), (Shape{6, 4}));
  EXPECT_EQ(values_of(file.tensors.at("transposed")), values_of(base.t()));
  EXPECT_EQ(file.tensors.at("slice").sizes(), (Shape{2, 3}));
  EXPECT_EQ(values_of(file.tensors.at("slice")), values_of(base.narrow(0, 1, 2).narrow(1, 2, 3)));
  EXPECT_EQ(base.bytes(), file.tensors.at("again").bytes());
}

TEST_P(StateDicts, MayHaveMetadata) {
  const WeightFile file = read_weights(data("state_dict" + GetParam()));
  expect_filled(file, "0.weight", {2, 3}, DType::fp32);
  expect_filled(file, "0.bias", {2}, DType::fp32);
  EXPECT_EQ(file.tensors.size(), 2u);
}

TEST_P(StateDicts, MayBeWrappedByATrainingProgram) {
  const WeightFile file = read_weights(data("wrapped" + GetParam()));
  expect_filled(file, "0.weight", {2, 3}, DType::fp32);
  expect_filled(file, "0.bias", {2}, DType::fp32);
  EXPECT_EQ(file.tensors.size(), 2u);
}

INSTANTIATE_TEST_SUITE_P(Formats, StateDicts,
                         testing::Values(".pt", "_legacy.pt", "_protocol4.pt", "_protocol5.pt"));

/// Settings, NumPy's scalars, paths, dates and so on are passed over; nothing of them is made.
TEST(Beside, WhatTrainingProgramsKeepIsSkipped) {
  for (const char* const kind : {"protocol", "legacy"}) {
    for (const char* const protocol : {"2", "3", "4", "5"}) {
      const WeightFile file = read_weights(data(std::string("beside_") + kind + protocol + ".pt"));
      expect_filled(file, "0.weight", {2, 3}, DType::fp32);
      expect_filled(file, "0.bias", {2}, DType::fp32);
      EXPECT_EQ(file.tensors.size(), 2u);
      EXPECT_EQ(file.attributes.at("hyper_parameters.transformer_attention_heads"), 16);
      EXPECT_EQ(file.attributes.at("hyper_parameters.use_windowed_embeddings"), 0);
    }
  }
  const WeightFile flat = read_weights(data("beside_flat.pt"));
  expect_filled(flat, "0.weight", {2, 3}, DType::fp32);
  EXPECT_EQ(flat.tensors.size(), 2u);
}

std::string dict_of(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string bytes = "}(";
  for (const auto& [name, value] : entries) bytes += text(name) + value;
  return bytes + "u";
}

/// The names of the tensors that are read of a pickle.
std::set<std::string> names_in(const std::string& body) {
  const WeightFile file = read_bytes(zip_of({{.name = "a/data.pkl", .bytes = pickle_of(body)},
                                             {.name = "a/data/0", .bytes = little(0x3f800000, 4)}}));
  std::set<std::string> names;
  for (const auto& [name, tensor] : file.tensors) names.insert(name);
  return names;
}

TEST(Wrappers, AStateDictIsFoundWhereverItIsTheOnlyOne) {
  const std::string one = tensor(storage(1), 0, {1}, {1});
  const std::string weights = dict_of({{"a.w", one}, {"b.w", one}});
  const std::set<std::string> expected = {"a.w", "b.w"};
  const std::string optimizer = dict_of({{"state", dict_of({{"0", dict_of({{"exp_avg", one}})}})}});
  EXPECT_EQ(names_in(dict_of({{"net", weights}, {"epoch", number(3)}, {"optimizer", optimizer}})), expected);
  EXPECT_EQ(names_in(dict_of({{"checkpoint", dict_of({{"state_dict", weights}})}})), expected);
  EXPECT_EQ(names_in(dict_of({{"model", dict_of({{"state_dict", weights}})}})), expected);
  EXPECT_EQ(names_in(dict_of({{"state_dict", dict_of({{"model", weights}})}})), expected);
  EXPECT_EQ(names_in(dict_of({{"ema", weights}, {"model", weights}})), expected);  // the usual name
  const std::string two = pickle_of(dict_of({{"ema", weights}, {"net", weights}}));
  expect_bytes_refused(archive_of(two, std::string(24, '\0')), {"the entry of", "is a dict"});
}

TEST(Wrappers, OfTrainingAreTakenOutOfNames) {
  const std::string one = tensor(storage(1), 0, {1}, {1});
  EXPECT_EQ(names_in(dict_of({{"module._orig_mod.a.w", one}, {"module._orig_mod.b.w", one}})),
            (std::set<std::string>{"a.w", "b.w"}));
  EXPECT_EQ(names_in(dict_of({{"a.module.w", one},
                              {"b._fsdp_wrapped_module._checkpoint_wrapped_module.w", one},
                              {"submodule.w", one}})),
            (std::set<std::string>{"a.w", "b.w", "submodule.w"}));
  EXPECT_EQ(names_in(dict_of({{"a.module.w", one}, {"a.w", one}})),
            (std::set<std::string>{"a.module.w", "a.w"}));
}

TEST(Beside, TextsOfAnyLengthAreSkipped) {
  const std::string value = tensor(storage(1), 0, {1}, {1});
  const std::string body = "}(" + text("log") + text(std::string(200'000, 'x')) + text("w") + value + "u";
  const WeightFile file = read_bytes(zip_of({{.name = "a/data.pkl", .bytes = pickle_of(body)},
                                             {.name = "a/data/0", .bytes = little(0x3f800000, 4)}}));
  EXPECT_EQ(values_of(file.tensors.at("w")), std::vector<double>{1});
  EXPECT_EQ(file.tensors.size(), 1u);
}

TEST(Beside, BytesBehindAnArchivesEnd) {
  const std::string whole = bytes_of(data("state_dict.pt"));
  for (const std::string& more : {std::string("\n"), std::string(60'000, '\0')}) {
    const TemporaryFile file(whole + more);
    expect_filled(read_weights(file.path(), Checksums::all), "0.weight", {2, 3}, DType::fp32);
  }
}

class TorchScript : public testing::TestWithParam<const char*> {};

TEST_P(TorchScript, GivesNestedNamesAndAttributes) {
  const WeightFile file = read_weights(data(GetParam()));
  for (const std::string block : {"visual.blocks.0", "visual.blocks.1"}) {
    expect_filled(file, block + ".weight", {2, 3}, DType::fp16);
    expect_filled(file, block + ".bias", {3}, DType::fp32);
    expect_filled(file, block + ".steps", {}, DType::int64);
  }
  expect_filled(file, "visual.proj", {3, 2}, DType::bf16);
  expect_filled(file, "logit_scale", {}, DType::fp32);
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
  Tensor tensor;
  {
    const TemporaryFile file(bytes_of(data("views.pt")));
    tensor = read_weights(file.path()).tensors.at("base");
  }
  EXPECT_EQ(values_of(tensor), filled("base", {4, 6}, DType::fp32));
  // torch stores at multiples of 64 bytes, and a mapping begins at a page.
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.bytes()) % 64, 0u);
}

TEST(Mapping, MisalignedTensorsAreCopied) {
  const std::string floats = little(0x3f800000, 4) + little(0x40000000, 4);
  for (std::size_t shift = 0; shift < 4; ++shift) {
    const WeightFile file =
        read_bytes(zip_of({{.name = "a/data.pkl", .bytes = dict_with(tensor(storage(2), 0, {2}, {1}))},
                           {.name = "a/" + std::string(shift, 'p'), .bytes = ""},
                           {.name = "a/data/0", .bytes = floats}}));
    const Tensor& read = file.tensors.at("w");
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(read.bytes()) % 4, 0u);
    EXPECT_EQ(values_of(read), (std::vector<double>{1, 2}));
  }
}

TEST(Zip64, IsRead) {
  const std::string pickle = dict_with(tensor(storage(1), 0, {1}, {1}));
  const WeightFile file =
      read_bytes(zip_of({{.name = "a/data.pkl", .bytes = pickle, .zip64 = true},
                         {.name = "a/data/0", .bytes = little(0x3f800000, 4), .zip64 = true}},
                        {.zip64 = true}));
  EXPECT_EQ(values_of(file.tensors.at("w")), std::vector<double>{1});
}

TEST(Crc32, IsThatOfZip) {
  EXPECT_EQ(crc_of("123456789"), 0xCBF43926u);
  EXPECT_EQ(crc_of(""), 0u);
  EXPECT_EQ(crc_of("The quick brown fox jumps over the lazy dog"), 0x414FA339u);
}

}  // namespace
}  // namespace caption::test
