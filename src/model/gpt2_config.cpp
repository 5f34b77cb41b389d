#include "model/gpt2_config.h"

#include <string>

#include "model/foreign_json.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

Activation activation_of(const ForeignJson& config) {
  // Three names of the one function.
  const auto name = config.value<std::string>("activation_function", "gelu_new");
  if (name == "gelu_new" || name == "gelu_fast" || name == "gelu_pytorch_tanh") return Activation::gelu_tanh;
  if (name == "gelu") return Activation::gelu;
  config.refuse("activation_function", "gelu_new, gelu_fast, gelu_pytorch_tanh or gelu");
}

}  // namespace

std::optional<Gpt2Config> read_gpt2_config(const fs::path& weights) {
  std::error_code ignored;
  const fs::path folder = fs::is_directory(weights, ignored) ? weights : weights.parent_path();
  const auto config = read_foreign_json(folder / "config.json");
  if (!config || config->value<std::string>("model_type", "") != "gpt2") return std::nullopt;
  // Defaults as of transformers' GPT2Config.
  constexpr std::int64_t kUsualHeads = 12;
  const std::int64_t heads = config->value("n_head", kUsualHeads);
  if (heads < 1) config->refuse("n_head", "a number above 0");
  if (config->value("layer_norm_epsilon", 1e-5) != 1e-5) config->refuse("layer_norm_epsilon", "1e-5");
  if (!config->value("scale_attn_weights", true)) config->refuse("scale_attn_weights", "true");
  for (const char* other : {"scale_attn_by_inverse_layer_idx", "add_cross_attention"})
    if (config->value(other, false)) config->refuse(other, "false");
  return Gpt2Config{{.heads = heads, .activation = activation_of(*config)},
                    config->value("tie_word_embeddings", true)};
}

}  // namespace caption
