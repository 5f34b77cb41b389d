#include "model/clip_config.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/log.h"
#include "base/printable.h"
#include "caption/error.h"
#include "model/foreign_json.h"
#include "text_encoder/sizes.h"
#include "vision/sizes.h"

namespace caption {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

// Pillow's numbers.
constexpr int kBilinear = 2;
constexpr int kBicubic = 3;

/// The activations that Hugging Face's configurations name, and our names of them.
std::string checked_activation(const ForeignJson& config, const std::string& name) {
  if (name == "quick_gelu" || name == "gelu") return name;
  if (name == "gelu_pytorch_tanh") return "gelu_tanh";
  config.refuse("hidden_act", "quick_gelu, gelu or gelu_pytorch_tanh");
}

/// What is to be found in the description of a text side, and what is all that is supported.
struct Demand {
  const char* field;
  ordered_json standard;  ///< what a field that is left out means
  ordered_json expected;
};

/// The first that is not met, in words; empty if there is none.
std::string unmet(const ForeignJson& text, std::initializer_list<Demand> demands) {
  for (const Demand& demand : demands) {
    const auto found = text.value<ordered_json>(demand.field, demand.standard);
    if (found != demand.expected)
      return std::string(demand.field) + " is " + found.dump() + ", and " + demand.expected.dump() +
             " is all that is supported";
  }
  return {};
}

void read_hugging_face_text(const ForeignJson& text, ClipConfig& result) {
  // Defaults as of transformers' CLIPTextConfig.
  result.text_activation = text.value<std::string>("hidden_act", "quick_gelu");
  const auto width = text.value<std::int64_t>("hidden_size", 512);
  const std::int64_t last = text.value<std::int64_t>("vocab_size", 49408) - 1;
  constexpr std::int64_t kHighest = 2;  // stands for the highest id, in older files
  const bool highest = text.value<std::int64_t>("eos_token_id", last) == kHighest;
  result.text_problem = unmet(text, {{"num_attention_heads", 8, width / TextSizes::kHeadWidth},
                                     {"layer_norm_eps", 1e-5, 1e-5},
                                     {"eos_token_id", last, highest ? kHighest : last}});
  if (result.text_activation != "quick_gelu" && result.text_activation != "gelu")
    result.text_problem = "its hidden_act is " + *result.text_activation;
}

/// `heads` of `width` channels are what a transformer of that width always has.
void require_heads(const ForeignJson& vision, std::int64_t heads, std::int64_t width,
                   std::int64_t head_width) {
  if (heads * head_width != width)
    vision.refuse("num_attention_heads",
                  std::to_string(width / head_width) + " heads for a width of " + std::to_string(width));
}

void read_siglip(const ForeignJson& vision, ClipConfig& result) {
  // The defaults are those of transformers' SiglipVisionConfig.
  result.activation =
      checked_activation(vision, vision.value<std::string>("hidden_act", "gelu_pytorch_tanh"));
  const auto width = vision.value<std::int64_t>("hidden_size", 768);
  require_heads(vision, vision.value<std::int64_t>("num_attention_heads", 12), width,
                siglip_head_width(width));
  if (vision.value<double>("layer_norm_eps", 1e-6) != 1e-6) vision.refuse("layer_norm_eps", "1e-6");
  result.resolution = vision.value<std::int64_t>("image_size", 224);
}

void read_clip(const ForeignJson& vision, ClipConfig& result) {
  // The defaults are those of transformers' CLIPVisionConfig: what is equal to them is often left out.
  result.activation = checked_activation(vision, vision.value<std::string>("hidden_act", "quick_gelu"));
  const auto width = vision.value<std::int64_t>("hidden_size", 768);
  require_heads(vision, vision.value<std::int64_t>("num_attention_heads", 12), width, vit_head_width(width));
  if (vision.value<double>("layer_norm_eps", 1e-5) != 1e-5) vision.refuse("layer_norm_eps", "1e-5");
}

void read_hugging_face(const ForeignJson& config, ClipConfig& result) {
  const auto kind = config.value<std::string>("model_type", "");
  if (kind == "clip" || kind == "clip_vision_model") {
    read_clip(kind == "clip" ? config.object("vision_config") : config, result);
    if (kind == "clip") read_hugging_face_text(config.object("text_config"), result);
  } else if (kind == "siglip" || kind == "siglip_vision_model") {
    read_siglip(kind == "siglip" ? config.object("vision_config") : config, result);
  }
}

void read_resample(const ForeignJson& config, ClipConfig& result) {
  const int filter = config.value("resample", kBicubic);
  if (filter != kBicubic && filter != kBilinear) config.refuse("resample", "3 (bicubic) or 2 (bilinear)");
  result.resample = filter == kBicubic ? "bicubic" : "bilinear";
}

/// A size with a height and a width is what pictures are stretched to, if nothing is cut off after that.
bool stretches(const ForeignJson& config) {
  if (!config.has("size") || config.value("do_center_crop", false)) return false;
  const ForeignJson size = config.object("size");
  if (!size.has("height") || !size.has("width")) return false;
  if (size.value("height", 0) != size.value("width", 0)) config.refuse("size", "a square");
  return true;
}

void read_preprocessor(const ForeignJson& config, ClipConfig& result) {
  const bool stretched = stretches(config);
  for (const char* step : {"do_resize", "do_normalize", "do_rescale"}) {
    if (!config.value(step, true)) config.refuse(step, "true");
  }
  if (!stretched && !config.value("do_center_crop", true)) config.refuse("do_center_crop", "true");
  read_resample(config, result);
  result.fit = stretched ? "stretch" : "crop";
  std::optional<std::int64_t> side = stretched ? std::nullopt : config.side("crop_size", {"height"});
  const std::optional<std::int64_t> size = config.side("size", {"shortest_edge", "height"});
  if (size && side && *size != *side) config.refuse("size", "the same as crop_size");
  if (!side) side = size;
  if (side && result.resolution && *side != *result.resolution)
    config.refuse("size", std::to_string(*result.resolution) + ", as config.json's image_size");
  if (side) result.resolution = side;
  result.mean = config.three("image_mean");
  result.std = config.three("image_std");
}

/// The activation of a vision transformer of timm's, by the name that tells its SigLIPs apart there.
std::string timm_activation(const std::string& architecture) {
  // These have GELU by tanh; the others of timm's SigLIPs, which are older, the exact one.
  static constexpr std::array<std::string_view, 4> kByTanh = {
      "vit_base_patch32_siglip_", "vit_large_patch16_siglip_512", "vit_so400m_patch16_siglip_",
      "vit_giantopt_patch16_siglip_"};
  const bool by_tanh = std::any_of(kByTanh.begin(), kByTanh.end(),
                                   [&](std::string_view start) { return architecture.starts_with(start); });
  return by_tanh ? "gelu_tanh" : "gelu";
}

bool is_timm_siglip(const std::string& architecture) {
  return architecture.starts_with("vit_") && architecture.find("_siglip_") != std::string::npos;
}

/// How open_clip calls what it does with pictures.
void read_interpolation(const ForeignJson& pictures, ClipConfig& result) {
  result.resample = pictures.value<std::string>("interpolation", "bicubic");
  if (result.resample != "bicubic" && result.resample != "bilinear")
    pictures.refuse("interpolation", "bicubic or bilinear");
  result.mean = pictures.three("mean");
  result.std = pictures.three("std");
}

void read_open_clip_text(const ForeignJson& text, ClipConfig& result) {
  result.text_activation = result.activation;
  const auto width = text.value<std::int64_t>("width", 512);
  result.text_problem = unmet(text, {{"heads", 8, width / TextSizes::kHeadWidth},
                                     {"no_causal_mask", false, false},
                                     {"pool_type", "argmax", "argmax"},
                                     {"hf_model_name", "", ""},
                                     {"hf_tokenizer_name", "", ""},
                                     {"tokenizer_kwargs", ordered_json::object(), ordered_json::object()}});
}

void read_open_clip(const ForeignJson& config, ClipConfig& result) {
  if (!config.has("model_cfg")) return;
  const ForeignJson model = config.object("model_cfg");
  result.activation = model.value("quick_gelu", false) ? "quick_gelu" : "gelu";
  const ForeignJson vision = model.object("vision_cfg");
  const auto timm = vision.value<std::string>("timm_model_name", "");
  if (is_timm_siglip(timm)) {
    result.activation = timm_activation(timm);
    result.resolution = vision.value<std::int64_t>("image_size", 224);
  }
  read_open_clip_text(model.object("text_cfg"), result);
  const ForeignJson pictures = config.object("preprocess_cfg");
  read_interpolation(pictures, result);
  const auto mode = pictures.value<std::string>("resize_mode", "shortest");
  if (mode != "shortest" && mode != "squash") pictures.refuse("resize_mode", "shortest or squash");
  result.fit = mode == "squash" ? "stretch" : "crop";
}

}  // namespace

ClipConfig read_clip_config(const fs::path& weights) {
  std::error_code ignored;
  const fs::path folder = fs::is_directory(weights, ignored) ? weights : weights.parent_path();
  ClipConfig result;
  if (const auto config = read_foreign_json(folder / "open_clip_config.json"))
    read_open_clip(*config, result);
  if (const auto config = read_foreign_json(folder / "config.json"); config && !result.activation) {
    read_hugging_face(*config, result);
    const auto pictures = read_foreign_json(folder / "preprocessor_config.json");
    if (pictures && result.activation) read_preprocessor(*pictures, result);
  }
  if (result.activation) {
    log::info(printable((folder.empty() ? fs::path(".") : folder).string()) + ": its configuration says " +
              *result.activation);
  }
  return result;
}

}  // namespace caption
