#include "weights/hugging_face.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "caption/error.h"
#include "weights/renaming.h"

namespace caption {
namespace {

/// Of the encoder, behind "vision_model.". "pre_layrnorm" is their spelling.
constexpr Renaming kStems[] = {
    {"embeddings.class_embedding", "class_embedding"},
    {"embeddings.patch_embedding.weight", "conv1.weight"},
    {"embeddings.position_embedding.weight", "positional_embedding"},
    {"pre_layrnorm.", "ln_pre."},
    {"post_layernorm.", "ln_post."},
};

/// Of the text encoder, behind "text_model.".
constexpr Renaming kTextStems[] = {
    {"embeddings.token_embedding.weight", "token_embedding.weight"},
    {"embeddings.position_embedding.weight", "positional_embedding"},
    {"final_layer_norm.", "ln_final."},
};

constexpr std::string_view kEncoder = "vision_model.";
constexpr std::string_view kText = "text_model.";
constexpr std::string_view kMark = "vision_model.embeddings.patch_embedding.weight";
constexpr std::string_view kProjection = "visual_projection.weight";
constexpr std::string_view kTextProjection = "text_projection.weight";

/// Of what is behind "vision_model." or "text_model.".
constexpr ForeignNames kEncoderNames = {kStems, kHuggingFaceLayers, kHuggingFaceBlocks};
constexpr ForeignNames kTextNames = {kTextStems, kHuggingFaceLayers, kHuggingFaceBlocks};

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
      const std::optional<std::string> ours = our_name(inner.substr(kEncoder.size()), kEncoderNames);
      if (!ours) refuse(file, "tensor '" + name + "': no part of Hugging Face's CLIP");
      renamed[*prefix + "visual." + *ours] = tensor;
    } else {
      // Another kind of text encoder may stand beside, which captions do not need.
      const auto ours =
          inner.starts_with(kText) ? our_name(inner.substr(kText.size()), kTextNames) : std::nullopt;
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
       "an image encoder of timm's inside of an open_clip model that is no SigLIP (EVA, ConvNeXt, "
       "MobileCLIP)"},
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
                       "or Hugging Face publish it (ViT or ResNet), or SigLIP");
    }
  }
}

}  // namespace caption
