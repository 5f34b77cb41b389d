#include "weights/siglip.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "caption/error.h"
#include "weights/renaming.h"

namespace caption {
namespace {

constexpr Renaming kTransformersStems[] = {
    {"embeddings.patch_embedding.", "conv1."},
    {"embeddings.position_embedding.weight", "positional_embedding"},
    {"post_layernorm.", "ln_post."},
    {"head.probe", "attnpool.probe"},
    {"head.attention.in_proj_", "attnpool.in_proj_"},  // to be split
    {"head.attention.out_proj.", "attnpool.out_proj."},
    {"head.layernorm.", "attnpool.ln."},
    {"head.mlp.fc1.", "attnpool.mlp.c_fc."},
    {"head.mlp.fc2.", "attnpool.mlp.c_proj."},
};

constexpr Renaming kTimmStems[] = {
    {"patch_embed.proj.", "conv1."},
    {"pos_embed", "positional_embedding"},  // [1, N, W]
    {"norm.", "ln_post."},
    {"attn_pool.latent", "attnpool.probe"},
    {"attn_pool.q.", "attnpool.q_proj."},
    {"attn_pool.kv.", "attnpool.kv_proj."},
    {"attn_pool.proj.", "attnpool.out_proj."},
    {"attn_pool.norm.", "attnpool.ln."},
    {"attn_pool.mlp.fc1.", "attnpool.mlp.c_fc."},
    {"attn_pool.mlp.fc2.", "attnpool.mlp.c_proj."},
};

constexpr Renaming kTimmBlocks[] = {
    {".norm1.", ".ln_1."},
    {".norm2.", ".ln_2."},
    {".attn.qkv.", ".attn.in_proj_"},
    {".attn.proj.", ".attn.out_proj."},
    {".mlp.fc1.", ".mlp.c_fc."},
    {".mlp.fc2.", ".mlp.c_proj."},
};

constexpr ForeignNames kTransformers = {kTransformersStems, kHuggingFaceLayers, kHuggingFaceBlocks};
constexpr ForeignNames kTimm = {kTimmStems, "blocks.", kTimmBlocks};

/// Where the encoder is, and by which names.
struct Found {
  std::string begin;  ///< before its names
  std::string outer;  ///< before the names of what is beside it: `begin` without the last part
  const ForeignNames& names;
};

[[noreturn]] void refuse(const WeightFile& file, const std::string& what) {
  throw Error(ErrorKind::model, file.path.string() + ": " + what, file.path);
}

std::string without_end(std::string text, std::string_view end) {
  if (text.ends_with(end)) text.resize(text.size() - end.size());
  return text;
}

/// The file's first name that ends so, without that end.
std::optional<std::string> before(const WeightFile& file, std::string_view end) {
  for (const auto& [name, tensor] : file.tensors) {
    const bool begins =
        name.size() == end.size() || (name.size() > end.size() && name[name.size() - end.size() - 1] == '.');
    if (begins && name.ends_with(end)) return name.substr(0, name.size() - end.size());
  }
  return std::nullopt;
}

std::optional<Found> find(const WeightFile& file) {
  const auto has = [&](const std::string& name) { return file.tensors.count(name) != 0; };
  constexpr const char* kPatches = "embeddings.patch_embedding.weight";
  if (const auto begin = before(file, kPatches)) {
    const bool probe = has(*begin + "head.probe");
    const auto bias = file.tensors.find(*begin + "embeddings.patch_embedding.bias");
    if (begin->find("vision_tower.") != std::string::npos) return std::nullopt;  // of a model for chats
    const bool siglip = probe || (bias != file.tensors.end() && !has(*begin + "embeddings.class_embedding"));
    if (!siglip) return std::nullopt;
    if (file.tensors.at(*begin + kPatches).dim() == 2)
      refuse(file,
             "is a SigLIP 2 for pictures of any shape (NaFlex), which is not supported: take one of a fixed "
             "resolution, such as siglip2-base-patch16-224");
    if (!probe)
      refuse(file,
             "is a SigLIP without its pooling head, whose embedding is none of the whole picture: take "
             "SiglipModel, or SiglipVisionModel with vision_use_head");
    return Found{*begin, without_end(*begin, "vision_model."), kTransformers};
  }
  if (const auto begin = before(file, "attn_pool.latent");
      begin && has(*begin + "pos_embed") && has(*begin + "blocks.0.attn.qkv.weight"))
    return Found{*begin, without_end(without_end(*begin, "trunk."), "visual."), kTimm};
  return std::nullopt;
}

/// in_proj_weight [3W, W] or in_proj_bias [3W] into what makes the query, and keys with values.
void split_projection(const WeightFile& file, std::map<std::string, Tensor>& tensors, const std::string& pool,
                      const char* kind) {
  const auto found = tensors.find(pool + "in_proj_" + kind);
  if (found == tensors.end()) return;  // missed by name where the encoder is made
  const Tensor whole = found->second;
  if (whole.dim() == 0 || whole.size(0) % 3 != 0 || whole.size(0) == 0)
    refuse(file, "tensor 'head.attention.in_proj_" + std::string(kind) +
                     "': expected three parts, found shape " + to_string(whole.sizes()));
  const std::int64_t width = whole.size(0) / 3;
  tensors.erase(found);
  tensors[pool + "q_proj." + kind] = whole.narrow(0, 0, width);
  tensors[pool + "kv_proj." + kind] = whole.narrow(0, width, 2 * width);
}

}  // namespace

bool rename_siglip(WeightFile& file) {
  const std::optional<Found> found = find(file);
  if (!found) return false;
  const std::string encoder = found->outer + "visual.";
  std::map<std::string, Tensor> renamed;
  for (const auto& [name, tensor] : file.tensors) {
    if (!name.starts_with(found->begin)) {
      if (!name.ends_with("text_model.embeddings.position_ids")) renamed[name] = tensor;
      continue;
    }
    const std::string inner = name.substr(found->begin.size());
    if (inner == "embeddings.position_ids") continue;  // 0, 1, 2, ...
    const std::optional<std::string> ours = our_name(inner, found->names);
    if (!ours) refuse(file, "tensor '" + name + "': no part of a SigLIP's image encoder that is supported");
    const bool extra = *ours == "positional_embedding" && tensor.dim() == 3 && tensor.size(0) == 1;
    renamed[encoder + *ours] = extra ? tensor.select(0, 0) : tensor;
  }
  for (const char* kind : {"weight", "bias"}) split_projection(file, renamed, encoder + "attnpool.", kind);
  file.tensors = std::move(renamed);
  return true;
}

}  // namespace caption
