#include "gpt2/gpt2.h"

#include "layers/cpu.h"

namespace caption {

Tensor take_tied_embedding(Tensors& tensors, const Gpt2Sizes& sizes) {
  const Tensor wte = tensors.take("wte.weight", {sizes.vocabulary, sizes.width});
  const std::string name = "lm_head.weight";
  if (!tensors.contains(name)) return wte;
  // Checkpoints may repeat the token embedding as the output layer. A different one would be another
  // architecture.
  const Tensor head = tensors.take(name, wte.sizes());
  const bool same_memory =
      head.bytes() == wte.bytes() && head.strides() == wte.strides() && head.dtype() == wte.dtype();
  if (!same_memory && !equal_values(head, wte)) {
    tensors.fail(
        name,
        "differs from wte.weight; only models whose output layer is tied to the token embedding are known");
  }
  return wte;
}

template class Gpt2<Tensor>;

}  // namespace caption
