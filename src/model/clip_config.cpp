#include "model/clip_config.h"

#include <initializer_list>
#include <nlohmann/json.hpp>

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

constexpr int kBicubic = 3;  // Pillow's number

std::string checked_activation(const ForeignJson& config, const std::string& name) {
  if (name == "quick_gelu" || name == "gelu") return name;
  config.refuse("hidden_act", "quick_gelu or gelu");
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

void read_hugging_face(const ForeignJson& config, ClipConfig& result) {
  const auto kind = config.value<std::string>("model_type", "");
  if (kind != "clip" && kind != "clip_vision_model") return;
  const ForeignJson vision = kind == "clip" ? config.object("vision_config") : config;
  // The defaults are those of transformers' CLIPVisionConfig: what is equal to them is often left out.
  result.activation = checked_activation(vision, vision.value<std::string>("hidden_act", "quick_gelu"));
  const auto width = vision.value<std::int64_t>("hidden_size", 768);
  const auto heads = vision.value<std::int64_t>("num_attention_heads", 12);
  const std::int64_t head_width = vit_head_width(width);
  if (heads * head_width != width)
    vision.refuse("num_attention_heads",
                  std::to_string(width / head_width) + " heads for a width of " + std::to_string(width));
  if (vision.value<double>("layer_norm_eps", 1e-5) != 1e-5) vision.refuse("layer_norm_eps", "1e-5");
  if (kind == "clip") read_hugging_face_text(config.object("text_config"), result);
}

void read_preprocessor(const ForeignJson& config, ClipConfig& result) {
  for (const char* step : {"do_resize", "do_center_crop", "do_normalize", "do_rescale"}) {
    if (!config.value(step, true)) config.refuse(step, "true");
  }
  if (config.value("resample", kBicubic) != kBicubic) config.refuse("resample", "3 (bicubic)");
  result.resolution = config.side("crop_size", {"height"});
  const std::optional<std::int64_t> size = config.side("size", {"shortest_edge", "height"});
  if (size && result.resolution && *size != *result.resolution)
    config.refuse("size", "the same as crop_size");
  if (!result.resolution) result.resolution = size;
  result.mean = config.three("image_mean");
  result.std = config.three("image_std");
}

void read_open_clip(const ForeignJson& config, ClipConfig& result) {
  if (!config.has("model_cfg")) return;
  const ForeignJson model = config.object("model_cfg");
  result.activation = model.value("quick_gelu", false) ? "quick_gelu" : "gelu";
  result.text_activation = result.activation;
  const ForeignJson text = model.object("text_cfg");
  const auto width = text.value<std::int64_t>("width", 512);
  result.text_problem = unmet(text, {{"heads", 8, width / TextSizes::kHeadWidth},
                                     {"no_causal_mask", false, false},
                                     {"pool_type", "argmax", "argmax"},
                                     {"hf_model_name", "", ""},
                                     {"hf_tokenizer_name", "", ""},
                                     {"tokenizer_kwargs", ordered_json::object(), ordered_json::object()}});
  const ForeignJson pictures = config.object("preprocess_cfg");
  result.mean = pictures.three("mean");
  result.std = pictures.three("std");
  if (pictures.value<std::string>("interpolation", "bicubic") != "bicubic")
    pictures.refuse("interpolation", "bicubic");
  if (pictures.value<std::string>("resize_mode", "shortest") != "shortest")
    pictures.refuse("resize_mode", "shortest");
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
