#pragma once

#include <memory>
#include <span>

#include "weights/byte_reader.h"
#include "weights/weights.h"

namespace caption {

/// torch.save's zip format and TorchScript archives. Record `R/data.pkl` describes tensors whose bytes are
/// `R/data/KEY`.
WeightFile read_torch_zip(const std::shared_ptr<const MappedFile>& file, Checksums checksums);
/// What torch.save wrote before 1.6: five pickles and then every storage, its number of elements before it.
WeightFile read_torch_legacy(const std::shared_ptr<const MappedFile>& file);
/// Whether `bytes` begin like that.
bool is_torch_legacy(std::span<const std::byte> bytes);
/// safetensors: the header's size, a JSON header, one buffer that the tensors cover exactly.
WeightFile read_safetensors(const std::shared_ptr<const MappedFile>& file);

}  // namespace caption
