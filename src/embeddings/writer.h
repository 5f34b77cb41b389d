#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "embeddings/embedding.h"

namespace caption {

/// Writes embeddings one by one, all of one width.
///
///   .npy          [N, D] fp32, as numpy.save; the names stand in NAME.txt beside it, one in each line
///   .safetensors  "embeddings" [N, D] F32; "names" [bytes] U8, each name with a NUL behind it; in the
///   metadata
///                 "model" and "normalized" ("true", "false"), and of texts "of": "texts"
///   .jsonl        {"image", "embedding", "normalized", "model"} in each line, of texts with "text" for
///   "image"
class EmbeddingWriter {
 public:
  virtual ~EmbeddingWriter() = default;
  /// Throws Error(output), also for a name that the format cannot hold.
  virtual void write(const std::string& name, std::span<const float> embedding) = 0;
  /// Completes the file. Once, last.
  virtual void finish() = 0;
};

/// By the file's extension. Files of NumPy and safetensors appear when they are complete; JSON Lines line by
/// line. Throws Error(usage) for an unknown extension, Error(output).
std::unique_ptr<EmbeddingWriter> make_embedding_writer(const std::filesystem::path& file,
                                                       const EmbeddingKind& kind);

}  // namespace caption
