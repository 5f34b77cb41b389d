#include "weights/hugging_face.h"

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "caption/error.h"

namespace caption {
namespace {

struct Renaming {
  std::string_view theirs;
  std::string_view ours;
};

/// Of the encoder, behind "vision_model.". "pre_layrnorm" is their spelling.
constexpr std::array<Renaming, 5> kStems = {{
    {"embeddings.class_embedding", "class_embedding"},
    {"embeddings.patch_embedding.weight", "conv1.weight"},
    {"embeddings.position_embedding.weight", "positional_embedding"},
    {"pre_layrnorm.", "ln_pre."},
    {"post_layernorm.", "ln_post."},
}};

/// Of the text encoder, behind "text_model.".
constexpr std::array<Renaming, 3> kTextStems = {{
    {"embeddings.token_embedding.weight", "token_embedding.weight"},
    {"embeddings.position_embedding.weight", "positional_embedding"},
    {"final_layer_norm.", "ln_final."},
}};

/// Of a block of either, behind its number.
constexpr std::array<Renaming, 5> kBlocks = {{
    {".self_attn.", ".attn."},
    {".layer_norm1.", ".ln_1."},
    {".layer_norm2.", ".ln_2."},
    {".mlp.fc1.", ".mlp.c_fc."},
    {".mlp.fc2.", ".mlp.c_proj."},
}};

constexpr std::string_view kEncoder = "vision_model.";
constexpr std::string_view kText = "text_model.";
constexpr std::string_view kLayers = "encoder.layers.";
constexpr std::string_view kMark = "vision_model.embeddings.patch_embedding.weight";
constexpr std::string_view kProjection = "visual_projection.weight";
constexpr std::string_view kTextProjection = "text_projection.weight";

/// `name` with its beginning exchanged; nothing if it begins otherwise.
std::optional<std::string> exchange(std::string_view name, const Renaming& renaming) {
  if (!name.starts_with(renaming.theirs)) return std::nullopt;
  return std::string(renaming.ours).append(name.substr(renaming.theirs.size()));
}

/// Our name of what theirs calls `name` behind "vision_model." or "text_model.", whose stems these are;
/// nothing if there is no such thing in a CLIP.
std::optional<std::string> encoder_name(std::string_view name, std::span<const Renaming> stems) {
  for (const Renaming& stem : stems) {
    if (auto ours = exchange(name, stem)) return ours;
  }
  if (!name.starts_with(kLayers)) return std::nullopt;
  name.remove_prefix(kLayers.size());
  const std::size_t dot = std::min(name.find('.'), name.size());
  for (const Renaming& block : kBlocks) {
    if (const auto ours = exchange(name.substr(dot), block))
      return std::string("transformer.resblocks.").append(name.substr(0, dot)).append(*ours);
  }
  return std::nullopt;
}

[[noreturn]] void refuse(const WeightFile& file, const std::string& what) {
  throw Error(ErrorKind::model, file.path.string() + ": " + what, file.path);
}

/// What stands before "vision_model." in a file that is such a CLIP.
std::optional<std::string> find_prefix(const WeightFile& file) {
  for (const auto& [name, tensor] : file.tensors) {
    if (name.ends_with(kMark)) return name.substr(0, name.size() - kMark.size());
  }
  return std::nullopt;
}

}  // namespace

bool rename_hugging_face_clip(WeightFile& file) {
  const std::optional<std::string> prefix = find_prefix(file);
  if (!prefix) return false;
  const auto has = [&](std::string_view name) {
    return file.tensors.count(*prefix + std::string(name)) != 0;
  };
  if (has("vision_model.head.probe"))
    refuse(file, "is a SigLIP, which is not supported: its embedding is pooled by an attention of its own");
  if (!has(kProjection))
    refuse(
        file,
        "has no visual_projection: it is a CLIPVisionModel, whose embedding no ClipCap was trained on; take "
        "CLIPModel or CLIPVisionModelWithProjection");
  std::map<std::string, Tensor> renamed;
  const auto transposed = [&](const std::string& name, const Tensor& tensor) {
    if (tensor.dim() != 2) refuse(file, "tensor '" + name + "': expected two dimensions");
    return tensor.t();  // [D, W] -> [W, D]
  };
  for (auto& [name, tensor] : file.tensors) {
    const std::string_view inner =
        name.starts_with(*prefix) ? std::string_view(name).substr(prefix->size()) : "";
    if (inner.ends_with("_model.embeddings.position_ids")) continue;  // 0, 1, 2, ...
    if (inner == kProjection) {
      renamed[*prefix + "visual.proj"] = transposed(name, tensor);
    } else if (inner == kTextProjection) {
      renamed[*prefix + "text_projection"] = transposed(name, tensor);
    } else if (inner.starts_with(kEncoder)) {
      const std::optional<std::string> ours = encoder_name(inner.substr(kEncoder.size()), kStems);
      if (!ours) refuse(file, "tensor '" + name + "': no part of Hugging Face's CLIP");
      renamed[*prefix + "visual." + *ours] = tensor;
    } else {
      // Another kind of text encoder may stand beside, which captions do not need.
      const auto ours =
          inner.starts_with(kText) ? encoder_name(inner.substr(kText.size()), kTextStems) : std::nullopt;
      renamed[ours ? *prefix + *ours : name] = tensor;
    }
  }
  file.tensors = std::move(renamed);
  return true;
}

void refuse_unsupported_encoders(const WeightFile& file) {
  struct Mark {
    std::string_view in_name;
    std::string_view what;
  };
  static constexpr std::array<Mark, 5> kMarks = {{
      {"visual.trunk.",
       "an image encoder of timm's inside of an open_clip model (SigLIP, EVA, ConvNeXt, MobileCLIP)"},
      {"visual.attn_pool.", "a CoCa, whose embedding is pooled by an attention of its own"},
      {"visual.patch_embed.proj.", "an EVA-CLIP"},
      {"image_encoder.model.patch_embed.", "a MobileCLIP"},
      {"vision_tower.", "a model for chats with pictures (LLaVA and others)"},
  }};
  for (const auto& [name, tensor] : file.tensors) {
    for (const Mark& mark : kMarks) {
      if (name.find(mark.in_name) == std::string::npos) continue;
      refuse(file, "is " + std::string(mark.what) +
                       ", which is not supported: expected CLIP as OpenAI, open_clip "
                       "or Hugging Face publish it (ViT or ResNet)");
    }
  }
}

}  // namespace caption
