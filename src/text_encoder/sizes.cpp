#include "text_encoder/sizes.h"

#include <string>

namespace caption {

TextSizes read_text_sizes(const Tensors& tensors) {
  TextSizes sizes;
  const Shape table = tensors.shape("token_embedding.weight", 2);  // [V, W]
  sizes.vocabulary = table[0];
  sizes.width = table[1];
  sizes.context = tensors.shape("positional_embedding", 2)[0];
  sizes.layers = tensors.count_blocks("transformer.resblocks.");
  sizes.embedding = tensors.shape("text_projection", 2)[1];
  if (sizes.width < TextSizes::kHeadWidth || sizes.width % TextSizes::kHeadWidth != 0) {
    tensors.fail("token_embedding.weight", "a text encoder's width must be a multiple of " +
                                               std::to_string(TextSizes::kHeadWidth) + ", found shape " +
                                               to_string(table));
  }
  if (sizes.layers == 0)
    tensors.fail("transformer.resblocks.0.ln_1.weight", "missing: the text encoder has no blocks");
  constexpr std::int64_t kLeastContext = 2;  // both special tokens
  if (sizes.context < kLeastContext)
    tensors.fail("positional_embedding", "found " + std::to_string(sizes.context) + " positions");
  return sizes;
}

}  // namespace caption
