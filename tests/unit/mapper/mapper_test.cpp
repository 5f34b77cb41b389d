#include "mapper/mapper.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "aten.h"
#include "caption/error.h"
#include "layers/cpu.h"

namespace caption {
namespace {

using TensorMap = AtenMap;

constexpr std::int64_t kWidth = 16;      // E
constexpr std::int64_t kEmbedding = 12;  // D
constexpr std::int64_t kPrefix = 5;      // P

at::Tensor normal(const Shape& shape, double deviation, std::uint64_t seed) {
  return at::randn(shape, at::detail::createCPUGenerator(seed), at::TensorOptions(at::kFloat)) * deviation;
}

/// Random tensors of these names and shapes; norms' weights are about 1.
TensorMap random_tensors(const std::vector<std::pair<std::string, Shape>>& shapes) {
  TensorMap map;
  std::uint64_t seed = 0;
  for (const auto& [name, shape] : shapes) {
    map[name] =
        normal(shape, shape.size() == 2 ? 1.0 / std::sqrt(static_cast<double>(shape[1])) : 0.2, ++seed);
    if (name.ends_with("norm1.weight") || name.ends_with("norm2.weight")) map[name] += 1;
  }
  return map;
}

TensorMap random_linear() {
  return random_tensors({{"weight", {kPrefix * kWidth, kEmbedding}}, {"bias", {kPrefix * kWidth}}});
}

TensorMap random_mlp() {
  const std::int64_t hidden = kPrefix * kWidth / 2;
  return random_tensors({{"model.0.weight", {hidden, kEmbedding}},
                         {"model.0.bias", {hidden}},
                         {"model.2.weight", {kPrefix * kWidth, hidden}},
                         {"model.2.bias", {kPrefix * kWidth}}});
}

TensorMap random_transformer() {
  std::vector<std::pair<std::string, Shape>> shapes = {{"linear.weight", {3 * kWidth, kEmbedding}},
                                                       {"linear.bias", {3 * kWidth}},
                                                       {"prefix_const", {kPrefix, kWidth}}};
  for (const char* layer : {"0", "1"}) {
    const std::string name = std::string("transformer.layers.") + layer + ".";
    for (const char* norm : {"norm1", "norm2"}) {
      shapes.push_back({name + norm + ".weight", {kWidth}});
      shapes.push_back({name + norm + ".bias", {kWidth}});
    }
    shapes.push_back({name + "attn.to_queries.weight", {kWidth, kWidth}});
    shapes.push_back({name + "attn.to_keys_values.weight", {2 * kWidth, kWidth}});
    shapes.push_back({name + "attn.project.weight", {kWidth, kWidth}});
    shapes.push_back({name + "attn.project.bias", {kWidth}});
    shapes.push_back({name + "mlp.fc1.weight", {2 * kWidth, kWidth}});
    shapes.push_back({name + "mlp.fc1.bias", {2 * kWidth}});
    shapes.push_back({name + "mlp.fc2.weight", {kWidth, 2 * kWidth}});
    shapes.push_back({name + "mlp.fc2.bias", {kWidth}});
  }
  return random_tensors(shapes);
}

at::Tensor linear(const TensorMap& w, const std::string& name, const at::Tensor& x) {
  return at::matmul(x, w.at(name + ".weight").t()) + w.at(name + ".bias");
}

at::Tensor norm(const TensorMap& w, const std::string& name, const at::Tensor& x) {
  const at::Tensor centred = x - x.mean(-1, true);
  const at::Tensor deviation = (centred.square().mean(-1, true) + 1e-5).sqrt();
  return centred / deviation * w.at(name + ".weight") + w.at(name + ".bias");
}

/// The published formula, with its einsum's indices: keys_values as [T, 2, heads, dim].
at::Tensor plain_transformer(const TensorMap& w, const at::Tensor& embedding) {
  const std::int64_t b = embedding.size(0);
  const std::int64_t t = 3 + kPrefix;
  at::Tensor x = at::cat({linear(w, "linear", embedding).view({b, 3, kWidth}),
                          w.at("prefix_const").unsqueeze(0).repeat({b, 1, 1})},
                         1);
  for (const char* layer : {"0", "1"}) {
    const std::string name = std::string("transformer.layers.") + layer + ".";
    const at::Tensor y = norm(w, name + "norm1", x);
    const at::Tensor q = at::matmul(y, w.at(name + "attn.to_queries.weight").t()).view({b, t, 8, 2});
    const at::Tensor kv = at::matmul(y, w.at(name + "attn.to_keys_values.weight").t()).view({b, t, 2, 8, 2});
    const at::Tensor scores = at::einsum("bnhd,bmhd->bhnm", {q, kv.select(2, 0)}) / std::sqrt(2.0);
    const at::Tensor mixed = at::einsum("bhnm,bmhd->bnhd", {at::softmax(scores, -1), kv.select(2, 1)});
    x = x + linear(w, name + "attn.project", mixed.reshape({b, t, kWidth}));
    x = x + linear(w, name + "mlp.fc2", at::relu(linear(w, name + "mlp.fc1", norm(w, name + "norm2", x))));
  }
  return x.narrow(1, 3, kPrefix);
}

at::Tensor plain_mlp(const TensorMap& w, const at::Tensor& embedding) {
  return linear(w, "model.2", at::tanh(linear(w, "model.0", embedding))).view({-1, kPrefix, kWidth});
}

at::Tensor plain_linear(const TensorMap& w, const at::Tensor& embedding) {
  return (at::matmul(embedding, w.at("weight").t()) + w.at("bias")).view({-1, kPrefix, kWidth});
}

/// A mapper that is called with LibTorch's tensors.
class CpuMapper {
 public:
  explicit CpuMapper(const TensorMap& map, std::int64_t width = kWidth)
      : mapper_(make_mapper<Tensor>(from_aten("captioner.pt", "clip_project.", map), width, {})) {}
  const Mapper<Tensor>* operator->() const { return mapper_.get(); }
  at::Tensor map(const at::Tensor& embedding) const { return to_aten(mapper_->map(from_aten(embedding))); }

 private:
  std::unique_ptr<Mapper<Tensor>> mapper_;
};

std::string refusal(TensorMap map, std::int64_t width, const std::function<void(TensorMap&)>& change = {}) {
  if (change) change(map);
  try {
    CpuMapper mapper(map, width);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::model);
    return error.what();
  }
  return "accepted";
}

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

/// A mapper kind, as a test parameter.
struct Kind {
  const char* name;
  TensorMap (*tensors)();
  at::Tensor (*plain)(const TensorMap&, const at::Tensor&);
};

void PrintTo(const Kind& kind, std::ostream* out) {
  *out << kind.name;
}

class AnyMapper : public ::testing::TestWithParam<Kind> {};

TEST_P(AnyMapper, EqualsThePlainFormula) {
  const CpuMapper mapper(GetParam().tensors());
  EXPECT_EQ(mapper->kind(), GetParam().name);
  EXPECT_EQ(mapper->embedding(), kEmbedding);
  EXPECT_EQ(mapper->prefix_length(), kPrefix);
  const at::Tensor embedding = normal({3, kEmbedding}, 1.0, 99);
  const at::Tensor prefix = mapper.map(embedding);
  ASSERT_EQ(prefix.sizes(), (c10::IntArrayRef{3, kPrefix, kWidth}));
  EXPECT_LT((prefix - GetParam().plain(GetParam().tensors(), embedding)).abs().max().item<double>(), 1e-5);
}

TEST_P(AnyMapper, GivesAnEmbeddingTheSamePrefixInAnyBatch) {
  const CpuMapper mapper(GetParam().tensors());
  const at::Tensor embedding = normal({3, kEmbedding}, 1.0, 99);
  const at::Tensor together = mapper.map(embedding);
  for (std::int64_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(mapper.map(embedding.narrow(0, i, 1))[0].equal(together[i])) << "embedding " << i;
  }
}

TEST_P(AnyMapper, RefusesEveryMissingTensor) {
  const TensorMap whole = GetParam().tensors();
  for (const auto& entry : whole) {
    const std::string text = refusal(whole, kWidth, [&](TensorMap& map) { map.erase(entry.first); });
    EXPECT_HAS(text, "captioner.pt: tensor 'clip_project.");
  }
}

TEST_P(AnyMapper, RefusesUnknownTensors) {
  const std::string text =
      refusal(GetParam().tensors(), kWidth, [](TensorMap& map) { map["extra"] = at::zeros({2}); });
  EXPECT_HAS(text, "'clip_project.extra'");
}

TEST_P(AnyMapper, RefusesAnotherEmbedding) {
  const CpuMapper mapper(GetParam().tensors());
  try {
    mapper.map(at::zeros({1, kEmbedding + 1}));
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::internal);
    EXPECT_HAS(std::string(error.what()), "[B, 12], found [1, 13]");
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, AnyMapper,
                         ::testing::Values(Kind{"mlp", random_mlp, plain_mlp},
                                           Kind{"transformer", random_transformer, plain_transformer},
                                           Kind{"linear", random_linear, plain_linear}),
                         [](const auto& test) { return test.param.name; });

TEST(MapperErrors, NameBothWidthsThatDoNotFit) {
  EXPECT_HAS(refusal(random_mlp(), 17),
             "'clip_project.model.2.weight': the mapper's 80 outputs are not a multiple of "
             "GPT-2's width 17");
  EXPECT_HAS(refusal(random_linear(), 17), "'clip_project.weight': the mapper's 80 outputs");
  EXPECT_HAS(refusal(random_transformer(), 24),
             "the mapper is for a GPT-2 of width 16, but the language model's width is 24");
}

TEST(MapperErrors, NameWrongShapes) {
  std::string text =
      refusal(random_mlp(), kWidth, [](TensorMap& map) { map["model.0.bias"] = at::zeros({3}); });
  EXPECT_HAS(text, "'clip_project.model.0.bias': expected shape [40], found [3]");
  text = refusal(random_transformer(), kWidth, [](TensorMap& map) {
    map["linear.weight"] = at::zeros({50, kEmbedding});
  });
  EXPECT_HAS(text, "'clip_project.linear.weight': expected a multiple of the width 16");
  text = refusal(random_transformer(), 12, [](TensorMap& map) {
    map["prefix_const"] = at::zeros({kPrefix, 12});
  });
  EXPECT_HAS(text, "multiple of its 8 heads");
}

}  // namespace
}  // namespace caption
