#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace caption {

/// What names of others begin with, or go on with, and what they do with us.
struct Renaming {
  std::string_view theirs;
  std::string_view ours;
};

/// Another library's names of an encoder's tensors.
struct ForeignNames {
  std::span<const Renaming> stems;   ///< of what is there once
  std::string_view layers;           ///< before a block's number: "encoder.layers."
  std::span<const Renaming> blocks;  ///< of what a block has, behind its number
};

/// Of a block of Hugging Face's CLIP and SigLIP, on both sides.
inline constexpr Renaming kHuggingFaceBlocks[] = {
    {".self_attn.", ".attn."},   {".layer_norm1.", ".ln_1."},   {".layer_norm2.", ".ln_2."},
    {".mlp.fc1.", ".mlp.c_fc."}, {".mlp.fc2.", ".mlp.c_proj."},
};
inline constexpr std::string_view kHuggingFaceLayers = "encoder.layers.";

/// `name` with its beginning exchanged by the first renaming that fits; nothing if none does.
inline std::optional<std::string> exchange(std::string_view name, std::span<const Renaming> renamings) {
  for (const Renaming& renaming : renamings) {
    if (name.starts_with(renaming.theirs))
      return std::string(renaming.ours).append(name.substr(renaming.theirs.size()));
  }
  return std::nullopt;
}

/// Our name of a tensor; nothing if there is no such thing among `names`.
inline std::optional<std::string> our_name(std::string_view name, const ForeignNames& names) {
  if (auto ours = exchange(name, names.stems)) return ours;
  if (!name.starts_with(names.layers)) return std::nullopt;
  name.remove_prefix(names.layers.size());
  const std::size_t dot = std::min(name.find('.'), name.size());
  const std::optional<std::string> inner = exchange(name.substr(dot), names.blocks);
  if (!inner) return std::nullopt;
  return std::string("transformer.resblocks.").append(name.substr(0, dot)).append(*inner);
}

}  // namespace caption
