// The names that published files use for the three parts of a captioner, and what else such files are known
// to hold.
#include <algorithm>
#include <array>
#include <functional>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "caption/error.h"
#include "weights/weights.h"

namespace caption {
namespace {

/// One part of a captioner in one file: what stands before its names there.
struct Part {
  std::string prefix;
  bool bare = false;  ///< there is no prefix: the file holds this part alone
};

/// Where the parts of a file are.
struct Layout {
  std::optional<Part> image_encoder;
  std::optional<Part> mapper;
  std::optional<Part> language_model;
  std::string clip;  ///< before the names of CLIP's text side
};

/// Before the mapper's names in checkpoints of the PyPI package clipcap.
constexpr const char* kClipcapPackage = "transformer_mapper.";

enum class Belongs { image_encoder, mapper, language_model, leftover, nowhere };

bool starts_with_any(std::string_view name, std::initializer_list<std::string_view> starts) {
  return std::any_of(starts.begin(), starts.end(),
                     [&](std::string_view start) { return name.starts_with(start); });
}

bool is_any(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool has(const WeightFile& file, const std::string& name) {
  return file.tensors.count(name) != 0;
}

bool has_prefix(const WeightFile& file, const std::string& prefix) {
  const auto found = file.tensors.lower_bound(prefix);
  return found != file.tensors.end() && found->first.starts_with(prefix);
}

std::optional<Part> find_image_encoder(const WeightFile& file) {
  // OpenAI's and open_clip's files; a CLIP that is a member of a larger model; our own exports.
  for (const char* prefix : {"visual.", "clip.visual.", "clip_model.visual.", "model.visual."}) {
    if (has_prefix(file, prefix)) return Part{.prefix = prefix};
  }
  if (has(file, "conv1.weight") &&
      (has(file, "class_embedding") || has(file, "attnpool.probe") || has(file, "layer1.0.conv1.weight"))) {
    return Part{.prefix = "", .bare = true};
  }
  // EfficientNet-PyTorch's files.
  if (has(file, "_conv_stem.weight")) return Part{.prefix = "", .bare = true};
  return std::nullopt;
}

std::optional<Part> find_mapper(const WeightFile& file) {
  for (const char* prefix : {"clip_project.", kClipcapPackage})
    if (has_prefix(file, prefix)) return Part{.prefix = prefix};
  const bool mlp = has(file, "model.0.weight") && has(file, "model.2.weight");
  const bool single_linear = file.tensors.size() == 2 && has(file, "weight") && has(file, "bias");
  if (mlp || has(file, "prefix_const") || single_linear) return Part{.prefix = "", .bare = true};
  return std::nullopt;
}

std::optional<Part> find_language_model(const WeightFile& file) {
  // ClipCap holds a GPT2LMHeadModel as `gpt`; Hugging Face's files hold that model itself, or the GPT2Model
  // inside it.
  for (const char* prefix : {"gpt.transformer.", "gpt.", "gpt2.transformer.", "gpt2.",
                             "language_model.transformer.", "language_model.", "transformer.", ""}) {
    if (has(file, std::string(prefix) + "wte.weight")) return Part{.prefix = prefix, .bare = *prefix == '\0'};
  }
  return std::nullopt;
}

Layout find_layout(const WeightFile& file) {
  Layout layout{.image_encoder = find_image_encoder(file),
                .mapper = find_mapper(file),
                .language_model = find_language_model(file),
                .clip = ""};
  constexpr std::string_view kVisual = "visual.";
  if (layout.image_encoder && !layout.image_encoder->bare) {
    layout.clip = layout.image_encoder->prefix;
    layout.clip.resize(layout.clip.size() - kVisual.size());
  }
  return layout;
}

/// The batches that a batch normalisation has seen in training.
bool is_batch_count(std::string_view name) {
  return name.ends_with(".num_batches_tracked");
}

/// GPT-2's causal mask [1, 1, 1024, 1024] and its "minus infinity", which transformers kept among the weights
/// until 4.29.
bool is_causal_mask(std::string_view name) {
  return name.starts_with("h.") && (name.ends_with(".attn.bias") || name.ends_with(".attn.masked_bias"));
}

/// What the text side has beside its encoder: the training's state, the three sizes that are tensors in
/// OpenAI's state dicts, and masks.
bool is_training_state(std::string_view name) {
  return is_batch_count(name) || is_any(name, {"logit_scale", "logit_bias", "attn_mask", "input_resolution",
                                               "context_length", "vocab_size"});
}

/// Whether `name`, without what stands before CLIP's names, belongs to the text side or the training state of
/// OpenAI's or open_clip's CLIP (`text.` is open_clip's newer layout, logit_bias SigLIP's).
bool is_clip_text_side(std::string_view name) {
  return starts_with_any(name, {"transformer.resblocks.", "ln_final.", "text.", "text_model."}) ||
         is_any(name, {"token_embedding.weight", "positional_embedding", "text_projection",
                       "text_projection.weight", "text_projection.bias"}) ||
         is_training_state(name);
}

/// The name that a tensor of GPT-2 has in Hugging Face's GPT2Model; nothing if it is none of GPT-2's.
std::optional<std::string> language_model_name(const Layout& layout, const std::string& name) {
  if (!layout.language_model) return std::nullopt;
  const std::string& prefix = layout.language_model->prefix;
  // The head stands beside the transformer, not in it.
  constexpr std::string_view kTransformer = "transformer.";
  std::string head = prefix;
  if (head.ends_with(kTransformer)) head.resize(head.size() - kTransformer.size());
  if (name == head + "lm_head.weight") return "lm_head.weight";
  if (!name.starts_with(prefix)) return std::nullopt;
  std::string inner = name.substr(prefix.size());
  const bool own = starts_with_any(inner, {"wte.", "wpe.", "h.", "ln_f."});
  // A prefix of GPT-2's own is its alone: what is unknown under it is for GPT-2 to refuse.
  if (!own && (layout.language_model->bare || prefix == kTransformer)) return std::nullopt;
  return inner;
}

Belongs place(const Layout& layout, const std::string& name) {
  if (layout.image_encoder && !layout.image_encoder->bare && name.starts_with(layout.image_encoder->prefix)) {
    return is_batch_count(name) ? Belongs::leftover : Belongs::image_encoder;
  }
  if (layout.mapper && !layout.mapper->bare && name.starts_with(layout.mapper->prefix))
    return Belongs::mapper;
  if (const auto inner = language_model_name(layout, name)) {
    return is_causal_mask(*inner) ? Belongs::leftover : Belongs::language_model;
  }
  if (layout.image_encoder && layout.image_encoder->bare) {
    return is_batch_count(name) ? Belongs::leftover : Belongs::image_encoder;
  }
  if (layout.mapper && layout.mapper->bare) return Belongs::mapper;
  if (layout.image_encoder && name.starts_with(layout.clip) &&
      is_clip_text_side(std::string_view(name).substr(layout.clip.size()))) {
    return Belongs::leftover;
  }
  return Belongs::nowhere;
}

std::optional<Tensors> take_part(const WeightFile& file, const Layout& layout,
                                 const std::optional<Part>& part, Belongs which,
                                 const std::function<std::string(const std::string&)>& inner_name) {
  if (!part) return std::nullopt;
  std::map<std::string, Tensor> tensors;
  for (const auto& [name, tensor] : file.tensors) {
    if (place(layout, name) != which) continue;
    if (!tensors.emplace(inner_name(name), tensor).second) {
      throw Error(ErrorKind::model, file.path.string() + ": tensor '" + name + "' is there under two names",
                  file.path);
    }
  }
  return Tensors(file.path.string(), part->prefix, std::move(tensors));
}

}  // namespace

std::optional<Tensors> image_encoder_tensors(const WeightFile& file) {
  const Layout layout = find_layout(file);
  return take_part(file, layout, layout.image_encoder, Belongs::image_encoder,
                   [&](const std::string& name) { return name.substr(layout.image_encoder->prefix.size()); });
}

std::optional<Tensors> text_encoder_tensors(const WeightFile& file) {
  const Layout layout = find_layout(file);
  if (!layout.image_encoder || layout.image_encoder->bare) return std::nullopt;
  constexpr std::string_view kNewer = "text.";
  std::string prefix = layout.clip;
  if (has_prefix(file, prefix + std::string(kNewer))) prefix += kNewer;
  std::map<std::string, Tensor> tensors;
  for (const auto& [name, tensor] : file.tensors) {
    if (place(layout, name) != Belongs::leftover || !name.starts_with(prefix)) continue;
    std::string inner = name.substr(prefix.size());
    if (!is_training_state(inner)) tensors.emplace(std::move(inner), tensor);
  }
  if (tensors.empty()) return std::nullopt;
  return Tensors(file.path.string(), prefix, std::move(tensors));
}

std::optional<Tensors> mapper_tensors(const WeightFile& file) {
  const Layout layout = find_layout(file);
  return take_part(file, layout, layout.mapper, Belongs::mapper,
                   [&](const std::string& name) { return name.substr(layout.mapper->prefix.size()); });
}

std::optional<Tensors> language_model_tensors(const WeightFile& file) {
  const Layout layout = find_layout(file);
  return take_part(file, layout, layout.language_model, Belongs::language_model,
                   [&](const std::string& name) { return *language_model_name(layout, name); });
}

bool of_clipcap_package(const WeightFile& file) {
  return has_prefix(file, kClipcapPackage);
}

bool strip_prefix(WeightFile& file, std::string_view prefix) {
  // Sorted names all begin with it if the first and the last do.
  if (file.tensors.empty() || !file.tensors.begin()->first.starts_with(prefix) ||
      !file.tensors.rbegin()->first.starts_with(prefix)) {
    return false;
  }
  std::map<std::string, Tensor> shorter;
  for (auto& [name, tensor] : file.tensors) shorter.emplace(name.substr(prefix.size()), std::move(tensor));
  file.tensors = std::move(shorter);
  return true;
}

void take_off_wrapper(WeightFile& file) {
  constexpr int kDeepest = 4;
  const auto knows = [](const WeightFile& some) {
    const Layout layout = find_layout(some);
    return layout.image_encoder || layout.mapper || layout.language_model;
  };
  // "x.weight" and "x.bias" may be any layer.
  if (file.tensors.size() <= 2 || knows(file)) return;
  WeightFile inner;
  inner.tensors = file.tensors;
  for (int depth = 0; depth < kDeepest && !knows(inner); ++depth) {
    const std::string& first = inner.tensors.begin()->first;
    const std::string prefix = first.substr(0, first.find('.') + 1);
    if (prefix.empty() || !strip_prefix(inner, prefix)) return;
  }
  if (knows(inner)) file.tensors = std::move(inner.tensors);
}

void require_known_names(const WeightFile& file) {
  const Layout layout = find_layout(file);
  for (const auto& [name, tensor] : file.tensors) {
    if (place(layout, name) != Belongs::nowhere) continue;
    throw Error(ErrorKind::model,
                file.path.string() + ": tensor '" + name + "': unknown tensor of shape " +
                    to_string(tensor.sizes()) +
                    "; expected CLIP (visual.* or vision_model.*), a mapper (clip_project.*) or GPT-2 "
                    "(gpt.transformer.*)",
                file.path);
  }
}

}  // namespace caption
