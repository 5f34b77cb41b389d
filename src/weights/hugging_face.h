#pragma once

#include "weights/weights.h"

namespace caption {

/// If `file` holds a CLIP as Hugging Face's CLIPModel or CLIPVisionModelWithProjection names it
/// ("vision_model.encoder.layers.0.self_attn.q_proj.weight"), gives its encoders OpenAI's names
/// ("visual.transformer.resblocks.0.attn.q_proj.weight"), under which q, k and v stay apart; what stands
/// before all of them stays. Throws Error(model) if it is a model of that family that is not supported. ->
/// whether it is such a file
bool rename_hugging_face_clip(WeightFile& file);

/// Throws Error(model) that says so if `file` is one of the image encoders that people look for here, but
/// which are not supported: MobileCLIP, EVA, encoders of timm.
void refuse_unsupported_encoders(const WeightFile& file);

}  // namespace caption
