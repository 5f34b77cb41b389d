#pragma once

#include "weights/weights.h"

namespace caption {

/// If `file` holds the image encoder of a SigLIP as transformers ("vision_model.head.probe"), open_clip
/// ("visual.trunk.attn_pool.latent") or timm (the same without "visual.trunk.") names it, gives its tensors
/// the names of CLIP's ("visual.transformer.resblocks.0.attn.out_proj.weight") and those of the pooling
/// attention "visual.attnpool.", with one matrix for the query and one for keys and values; what stands
/// before all of them stays, and so does what is beside the encoder. Throws Error(model) if it is a SigLIP of
/// a kind that is not supported. -> whether it is such a file
bool rename_siglip(WeightFile& file);

}  // namespace caption
