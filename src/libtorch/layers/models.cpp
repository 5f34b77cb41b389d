// The models over LibTorch's tensors.

#include "gpt2/gpt2.h"
#include "libtorch/layers/layers.h"
#include "mapper/make_mapper.h"
#include "vision/make_encoder.h"

namespace caption {

template std::unique_ptr<ImageEncoder<at::Tensor>> make_image_encoder(Tensors, const EncoderChoices&,
                                                                      const TorchCompute&);
template std::unique_ptr<Mapper<at::Tensor>> make_mapper(Tensors, std::int64_t, const TorchCompute&,
                                                         std::int64_t);
template class Gpt2<at::Tensor>;

}  // namespace caption
