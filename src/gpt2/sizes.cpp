#include "gpt2/sizes.h"

#include <string>

#include "caption/error.h"

namespace caption {
namespace {

/// What the kernels of attention take at a time.
constexpr std::int64_t kHeadStep = 16;

std::int64_t heads_of(const Tensors& tensors, std::int64_t width, std::int64_t asked) {
  const std::int64_t heads = asked > 0 ? asked : width / kGpt2HeadWidth;
  if (asked == 0 && (width == 0 || width % kGpt2HeadWidth != 0)) {
    tensors.fail("wte.weight",
                 "its width " + std::to_string(width) +
                     " is no multiple of 64, the channels of a usual attention head, and nothing "
                     "says how many heads there are: give their number");
  }
  if (width % heads != 0 || width / heads % kHeadStep != 0) {
    tensors.fail("wte.weight", std::to_string(heads) + " attention heads of a width of " +
                                   std::to_string(width) +
                                   ": expected a number that divides it into multiples of 16");
  }
  return heads;
}

}  // namespace

Gpt2Sizes read_gpt2_sizes(const Tensors& tensors, const Gpt2Choices& choices) {
  Gpt2Sizes sizes;
  const Shape wte = tensors.shape("wte.weight", 2);
  if (wte[0] == 0 || wte[1] == 0)
    tensors.fail("wte.weight", "expected shape [vocabulary, width], found " + to_string(wte));
  sizes.vocabulary = wte[0];
  sizes.tokens = choices.tokens > 0 ? choices.tokens : wte[0];
  sizes.width = wte[1];
  sizes.heads = heads_of(tensors, sizes.width, choices.heads);
  sizes.context = tensors.shape("wpe.weight", 2)[0];
  sizes.layers = tensors.count_blocks("h.");
  if (sizes.layers == 0) tensors.fail("h.0.ln_1.weight", "missing");
  sizes.hidden = tensors.shape("h.0.mlp.c_fc.weight", 2)[1];
  if (sizes.tokens != sizes.vocabulary && !is_padded(sizes.vocabulary, sizes.tokens)) {
    tensors.fail("wte.weight", "the tokenizer has " + std::to_string(sizes.tokens) +
                                   " tokens, the language model " + std::to_string(sizes.vocabulary) +
                                   ": they do not belong together");
  }
  return sizes;
}

bool is_padded(std::int64_t vocabulary, std::int64_t tokens) {
  constexpr std::int64_t kStep = 8;
  constexpr std::int64_t kMost = 1024;
  return vocabulary > tokens && vocabulary - tokens < kMost && vocabulary % kStep == 0;
}

}  // namespace caption
