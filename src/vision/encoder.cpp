#include "vision/encoder.h"

#include "layers/cpu.h"
#include "vision/make_encoder.h"

namespace caption {

template std::unique_ptr<ImageEncoder<Tensor>> make_image_encoder(Tensors, const EncoderChoices&,
                                                                  const CpuCompute&);

}  // namespace caption
