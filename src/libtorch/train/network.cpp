#include "libtorch/train/network.h"

#include <algorithm>
#include <utility>

#include "caption/error.h"

namespace caption {
namespace {

constexpr double kEpsilon = 1e-5;

/// x [B, T, width] -> [B, heads, T, width / heads]
at::Tensor split_heads(const at::Tensor& x, std::int64_t heads) {
  return x.view({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2);
}

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads,
                     bool causal, double dropout) {
  const at::Tensor y = at::scaled_dot_product_attention(split_heads(q, heads), split_heads(k, heads),
                                                        split_heads(v, heads), {}, dropout, causal);
  return y.transpose(1, 2).reshape(q.sizes());
}

at::Tensor drop(const at::Tensor& x, double share) {
  return share > 0 ? at::dropout(x, share, /*train=*/true) : x;
}

}  // namespace

CaptioningNetwork::CaptioningNetwork(std::map<std::string, at::Tensor> weights, const NamedTensors& shapes,
                                     const LearningOptions& options)
    : weights_(std::move(weights)), activation_(options.gpt2.activation) {
  const Tensors gpt2 = part_of(shapes, kGpt2Prefix);
  const Tensors mapper = part_of(shapes, kMapperPrefix);
  sizes_ = read_gpt2_sizes(gpt2, {.heads = options.gpt2.heads});
  kind_ = mapper_kind(mapper);
  switch (kind_) {
    case MapperKind::mlp:
      mlp_ = read_mlp_mapper_sizes(mapper, sizes_.width);
      prefix_length_ = mlp_.prefix_length;
      break;
    case MapperKind::transformer:
      transformer_ = read_transformer_mapper_sizes(mapper, sizes_.width, options.mapper_heads);
      prefix_length_ = transformer_.prefix_length;
      break;
    case MapperKind::linear:
      prefix_length_ = read_prefix_length(mapper, "weight", sizes_.width);
      break;
  }
}

const at::Tensor& CaptioningNetwork::mapper(const std::string& name) const {
  return weights_.at(kMapperPrefix + name);
}

const at::Tensor& CaptioningNetwork::gpt2(const std::string& name) const {
  return weights_.at(kGpt2Prefix + name);
}

at::Tensor CaptioningNetwork::linear(const at::Tensor& x, const std::string& name, bool bias) const {
  return at::linear(x, mapper(name + ".weight"), bias ? mapper(name + ".bias") : at::Tensor());
}

at::Tensor CaptioningNetwork::map(const at::Tensor& embeddings) const {
  switch (kind_) {
    case MapperKind::transformer:
      return transformer(embeddings);
    case MapperKind::linear:
      return at::linear(embeddings, mapper("weight"), mapper("bias"))
          .view({-1, prefix_length_, sizes_.width});
    case MapperKind::mlp:
      break;
  }
  at::Tensor x = embeddings;
  int number = 0;
  for (; number < 2 * static_cast<int>(mlp_.hidden.size()); number += 2)
    x = at::tanh(linear(x, mlp_layer(number), true));
  return linear(x, mlp_layer(number), true).view({-1, prefix_length_, sizes_.width});
}

at::Tensor CaptioningNetwork::transformer(const at::Tensor& embeddings) const {
  const std::int64_t width = sizes_.width;
  const std::int64_t b = embeddings.size(0);
  const at::Tensor clip = linear(embeddings, "linear", true).view({b, transformer_.clip_length, width});
  const at::Tensor constant = mapper("prefix_const").expand({b, prefix_length_, width});
  at::Tensor x = at::cat({clip, constant.to(clip.scalar_type())}, 1);  // [B, C + P, E]
  const auto norm = [&](const std::string& name) {
    return at::layer_norm(x, {width}, mapper(name + ".weight"), mapper(name + ".bias"), kEpsilon);
  };
  for (std::int64_t i = 0; i < transformer_.layers; ++i) {
    const std::string layer = "transformer.layers." + std::to_string(i) + ".";
    const at::Tensor normal = norm(layer + "norm1");
    const at::Tensor keys_values = linear(normal, layer + "attn.to_keys_values", false);
    const at::Tensor attended =
        attention(linear(normal, layer + "attn.to_queries", false), keys_values.narrow(2, 0, width),
                  keys_values.narrow(2, width, width), transformer_.heads, false, 0);
    x = x + linear(attended, layer + "attn.project", true);
    x = x + linear(at::relu(linear(norm(layer + "norm2"), layer + "mlp.fc1", true)), layer + "mlp.fc2", true);
  }
  return x.narrow(1, transformer_.clip_length, prefix_length_);
}

at::Tensor CaptioningNetwork::blocks(at::Tensor x, double dropout) const {
  const std::int64_t width = sizes_.width;
  const auto norm = [&](const std::string& name) {
    return at::layer_norm(x, {width}, gpt2(name + ".weight"), gpt2(name + ".bias"), kEpsilon);
  };
  const auto conv1d = [&](const at::Tensor& y, const std::string& name) {  // weights are [in, out]
    return at::linear(y, gpt2(name + ".weight").t(), gpt2(name + ".bias"));
  };
  for (std::int64_t i = 0; i < sizes_.layers; ++i) {
    const std::string block = "h." + std::to_string(i) + ".";
    const at::Tensor qkv = conv1d(norm(block + "ln_1"), block + "attn.c_attn");  // [B, T, 3E]
    const at::Tensor attended = attention(qkv.narrow(2, 0, width), qkv.narrow(2, width, width),
                                          qkv.narrow(2, 2 * width, width), sizes_.heads, true, dropout);
    x = x + drop(conv1d(attended, block + "attn.c_proj"), dropout);
    const at::Tensor hidden = at::gelu(conv1d(norm(block + "ln_2"), block + "mlp.c_fc"),
                                       activation_ == Activation::gelu ? "none" : "tanh");
    x = x + drop(conv1d(hidden, block + "mlp.c_proj"), dropout);
  }
  return norm("ln_f");
}

at::Tensor CaptioningNetwork::loss(const TrainingBatch& batch, double dropout, double label_smoothing) const {
  const auto b = static_cast<std::int64_t>(batch.captions.size());
  std::int64_t longest = 0;
  for (const auto& caption : batch.captions)
    longest = std::max(longest, static_cast<std::int64_t>(caption.size()));
  const std::int64_t length = prefix_length_ + longest - 1;  // the last token is not read, only written
  if (length > sizes_.context)
    throw Error(ErrorKind::internal, "a caption of " + std::to_string(longest) + " tokens is too long");
  // A token is written at the position before its own. Those of the padding are not looked at: it is told by
  // the captions' lengths, as token 0 is a token like others ("!").
  std::vector<std::int64_t> read(static_cast<std::size_t>(b * (longest - 1)), 0);
  std::vector<std::int64_t> written;
  std::vector<std::int64_t> places;
  for (std::int64_t i = 0; i < b; ++i) {
    const std::vector<std::int32_t>& caption = batch.captions[static_cast<std::size_t>(i)];
    std::copy(caption.begin(), caption.end() - 1, read.begin() + i * (longest - 1));
    for (std::size_t t = 0; t < caption.size(); ++t) {
      written.push_back(caption[t]);
      places.push_back(i * length + prefix_length_ - 1 + static_cast<std::int64_t>(t));
    }
  }
  const at::Tensor& table = gpt2("wte.weight");
  const auto there = [&](std::vector<std::int64_t>& ids) {
    return at::from_blob(ids.data(), {static_cast<std::int64_t>(ids.size())}, at::kLong)
        .to(table.device(), at::kLong, false, true);
  };
  const at::Tensor embeddings =
      at::from_blob(const_cast<float*>(batch.embeddings.data()), batch.embeddings.sizes(), at::kFloat)
          .to(table.device(), at::kFloat, false, true);
  const at::Tensor prefix = map(embeddings);  // [B, P, E]
  const at::Tensor tokens = at::embedding(table, there(read)).view({b, longest - 1, sizes_.width});
  const at::Tensor inputs =
      at::cat({prefix.to(at::kFloat), tokens}, 1) + gpt2("wpe.weight").narrow(0, 0, length);
  const at::Tensor x = blocks(drop(inputs, dropout), dropout).view({-1, sizes_.width});  // [B * length, E]
  const auto head =
      weights_.find(std::string(kGpt2Prefix) + "lm_head.weight");  // of models that do not tie it
  const at::Tensor logits = at::linear(x.index_select(0, there(places)),
                                       head == weights_.end() ? table : head->second);  // [tokens, V]
  return at::cross_entropy_loss(logits.to(at::kFloat), there(written), {}, at::Reduction::Sum,
                                /*ignore_index=*/-100, label_smoothing);
}

}  // namespace caption
