#include "libtorch/engine/prefixes.h"

#include "libtorch/layers/convert.h"
#include "pipeline/picture.h"
#include "pipeline/way.h"

namespace caption {

at::Tensor prefixes_of(const Bundle<at::Tensor>& bundle, std::span<const Picture> pictures,
                       const Transfer& transfer) {
  const Tensor encoded = stack_embeddings(pictures);
  if (!encoded.defined()) return prefix_of(bundle, send(pictures, transfer));
  const at::Tensor embedding = upload(encoded, transfer.device, DType::fp32);  // [B, D]
  return bundle.mapper->map(for_mapper(bundle, embedding));
}

}  // namespace caption
