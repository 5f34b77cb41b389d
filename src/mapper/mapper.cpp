#include "mapper/mapper.h"

#include "layers/cpu.h"
#include "mapper/make_mapper.h"

namespace caption {

template std::unique_ptr<Mapper<Tensor>> make_mapper(Tensors, std::int64_t, const CpuCompute&, std::int64_t);

}  // namespace caption
