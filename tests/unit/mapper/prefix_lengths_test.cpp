// Prefixes of the lengths that ClipCaps are trained with, by MLPs of two and three layers and by transformers
// whose clip_length is another, beside LibTorch's operators. (scripts/prefix_lengths.py compares whole
// captions of such models with the Python reference.)
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>

#include "aten.h"
#include "layers/cpu.h"
#include "mapper/mapper.h"

namespace caption {
namespace {

constexpr std::int64_t kE = 16;  // E
constexpr std::int64_t kD = 12;  // D
constexpr std::int64_t kHeads = 8;

/// A prefix of P vectors, by an MLP with so many hidden layers or, where there are none, by a transformer.
struct Length {
  std::int64_t prefix;
  int hidden_layers;
  std::int64_t clip_length;
};

void PrintTo(const Length& length, std::ostream* out) {
  *out << length.prefix << " by " << length.hidden_layers << " hidden layers or a clip_length of "
       << length.clip_length;
}

class Drawn {
 public:
  void add(const std::string& name, const Shape& shape) {
    const double deviation = shape.size() == 2 ? 1.0 / std::sqrt(static_cast<double>(shape[1])) : 0.2;
    map[name] = at::randn(shape, generator_, at::TensorOptions(at::kFloat)) * deviation;
  }
  void add_linear(const std::string& name, std::int64_t out, std::int64_t in) {
    add(name + ".weight", {out, in});
    add(name + ".bias", {out});
  }
  void add_norm(const std::string& name) {
    add(name + ".bias", {kE});
    add(name + ".weight", {kE});
    map[name + ".weight"] += 1;
  }

  AtenMap map;

 private:
  at::Generator generator_ = at::detail::createCPUGenerator(3);
};

AtenMap mlp_of(const Length& length) {
  Drawn drawn;
  const std::int64_t hidden = length.prefix * kE / 2;
  drawn.add_linear("model.0", hidden, kD);
  for (int i = 1; i < length.hidden_layers; ++i)
    drawn.add_linear("model." + std::to_string(2 * i), hidden, hidden);
  drawn.add_linear("model." + std::to_string(2 * length.hidden_layers), length.prefix * kE, hidden);
  return drawn.map;
}

AtenMap transformer_of(const Length& length) {
  Drawn drawn;
  drawn.add_linear("linear", length.clip_length * kE, kD);
  drawn.add("prefix_const", {length.prefix, kE});
  for (const char* layer : {"0", "1"}) {
    const std::string name = std::string("transformer.layers.") + layer + ".";
    drawn.add_norm(name + "norm1");
    drawn.add_norm(name + "norm2");
    drawn.add(name + "attn.to_queries.weight", {kE, kE});
    drawn.add(name + "attn.to_keys_values.weight", {2 * kE, kE});
    drawn.add_linear(name + "attn.project", kE, kE);
    drawn.add_linear(name + "mlp.fc1", 2 * kE, kE);
    drawn.add_linear(name + "mlp.fc2", kE, 2 * kE);
  }
  return drawn.map;
}

at::Tensor by_linear(const AtenMap& w, const std::string& name, const at::Tensor& x) {
  return at::linear(x, w.at(name + ".weight"), w.at(name + ".bias"));
}

at::Tensor plain_mlp_of(const AtenMap& w, const Length& length, at::Tensor x) {
  for (int i = 0; i < length.hidden_layers; ++i) x = by_linear(w, "model." + std::to_string(2 * i), x).tanh();
  return by_linear(w, "model." + std::to_string(2 * length.hidden_layers), x);
}

at::Tensor plain_transformer_of(const AtenMap& w, const Length& length, const at::Tensor& embedding) {
  const std::int64_t b = embedding.size(0);
  const auto norm = [&](const std::string& name, const at::Tensor& x) {
    return at::layer_norm(x, {kE}, w.at(name + ".weight"), w.at(name + ".bias"), 1e-5);
  };
  const auto heads = [&](const at::Tensor& x) {
    return x.reshape({b, x.size(1), kHeads, kE / kHeads}).transpose(1, 2);
  };
  at::Tensor x = at::cat({by_linear(w, "linear", embedding).view({b, length.clip_length, kE}),
                          w.at("prefix_const").expand({b, length.prefix, kE})},
                         1);
  for (const char* layer : {"0", "1"}) {
    const std::string name = std::string("transformer.layers.") + layer + ".";
    const at::Tensor y = norm(name + "norm1", x);
    const auto kv = at::linear(y, w.at(name + "attn.to_keys_values.weight")).chunk(2, 2);
    const at::Tensor q = at::linear(y, w.at(name + "attn.to_queries.weight"));
    const at::Tensor mixed = at::scaled_dot_product_attention(heads(q), heads(kv[0]), heads(kv[1]));
    x = x + by_linear(w, name + "attn.project", mixed.transpose(1, 2).reshape(x.sizes()));
    x = x + by_linear(w, name + "mlp.fc2", at::relu(by_linear(w, name + "mlp.fc1", norm(name + "norm2", x))));
  }
  return x.narrow(1, length.clip_length, length.prefix);
}

class PrefixLengths : public ::testing::TestWithParam<Length> {};

TEST_P(PrefixLengths, EqualThePlainFormula) {
  const Length& length = GetParam();
  const bool mlp = length.hidden_layers > 0;
  const AtenMap map = mlp ? mlp_of(length) : transformer_of(length);
  const auto mapper = make_mapper<Tensor>(from_aten("captioner.pt", "clip_project.", map), kE, {});
  EXPECT_EQ(mapper->prefix_length(), length.prefix);
  const at::Tensor embedding = at::randn({3, kD}, at::detail::createCPUGenerator(9));
  const at::Tensor expected =
      (mlp ? plain_mlp_of(map, length, embedding) : plain_transformer_of(map, length, embedding))
          .reshape({3, length.prefix, kE});
  const at::Tensor found = to_aten(mapper->map(from_aten(embedding)));
  ASSERT_EQ(found.sizes(), expected.sizes());
  EXPECT_LT(largest_difference(found, expected), 1e-5);
}

std::vector<Length> all_lengths() {
  std::vector<Length> all;
  for (const std::int64_t prefix : {5, 10, 20, 40, 80}) {
    for (const int hidden_layers : {1, 2}) all.push_back({prefix, hidden_layers, 0});
    for (const std::int64_t clip_length : {1, 10, 40}) all.push_back({prefix, 0, clip_length});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Lengths, PrefixLengths, ::testing::ValuesIn(all_lengths()));

}  // namespace
}  // namespace caption
