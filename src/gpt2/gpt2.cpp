#include "gpt2/gpt2.h"

#include "layers/cpu.h"

namespace caption {

Gpt2Tables take_tables(Tensors& tensors, const Gpt2Sizes& sizes) {
  const Tensor wte = tensors.take("wte.weight", {sizes.vocabulary, sizes.width});
  const std::string name = "lm_head.weight";
  if (!tensors.contains(name)) return {wte, Tensor()};
  const Tensor head = tensors.take(name, wte.sizes());
  const bool same_memory =
      head.bytes() == wte.bytes() && head.strides() == wte.strides() && head.dtype() == wte.dtype();
  if (same_memory || equal_values(head, wte)) return {wte, Tensor()};
  return {wte, head};
}

template class Gpt2<Tensor>;

}  // namespace caption
