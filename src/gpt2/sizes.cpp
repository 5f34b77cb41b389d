#include "gpt2/sizes.h"

namespace caption {

Gpt2Sizes read_gpt2_sizes(const Tensors& tensors) {
  Gpt2Sizes sizes;
  const Shape wte = tensors.shape("wte.weight", 2);
  if (wte[0] == 0 || wte[1] == 0 || wte[1] % kGpt2HeadWidth != 0) {
    tensors.fail("wte.weight",
                 "expected shape [vocabulary, width] with a width that is a multiple of 64 (one attention "
                 "head), found " +
                     to_string(wte));
  }
  sizes.vocabulary = wte[0];
  sizes.width = wte[1];
  sizes.context = tensors.shape("wpe.weight", 2)[0];
  sizes.layers = tensors.count_blocks("h.");
  if (sizes.layers == 0) tensors.fail("h.0.ln_1.weight", "missing");
  sizes.hidden = tensors.shape("h.0.mlp.c_fc.weight", 2)[1];
  return sizes;
}

}  // namespace caption
