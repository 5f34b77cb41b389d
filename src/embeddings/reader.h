#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "embeddings/embedding.h"

namespace caption {

/// Reads the embeddings of a file one by one, as EmbeddingWriter or NumPy write them: of NumPy, [N, D] of
/// fp16, fp32 or fp64 with the names in NAME.txt beside it, or numbers from 0 on if there is none; of
/// safetensors, the tensor "embeddings" of F16, BF16, F32 or F64. All numbers are finite.
class EmbeddingReader {
 public:
  virtual ~EmbeddingReader() = default;
  virtual const EmbeddingKind& kind() const = 0;  ///< of the latest one; what is not said is as in the struct
  /// Nothing at the end. Throws Error(usage) with the place of what is wrong.
  virtual std::optional<NamedEmbedding> next() = 0;
};

/// By the file's extension. Throws Error(usage) for an unknown one, a file that cannot be read, or a wrong
/// beginning.
std::unique_ptr<EmbeddingReader> open_embeddings(const std::filesystem::path& file);

}  // namespace caption
