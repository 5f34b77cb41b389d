#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace caption {

/// The embedding of one picture, or of one text.
struct NamedEmbedding {
  std::string name;           ///< of the picture; or the text
  std::vector<float> values;  ///< [D]
};

/// What all embeddings of a file have in common.
struct EmbeddingKind {
  std::string model;        ///< which made them; empty: not known
  bool normalized = false;  ///< whether each has the length 1 because it was divided by its own
  bool texts = false;       ///< they are of texts
};

/// How embeddings are written.
enum class EmbeddingFormat { npy, safetensors, jsonl };

/// By the file's extension: .npy, .safetensors or .jsonl. Throws Error(usage) for others.
EmbeddingFormat embedding_format(const std::filesystem::path& file);

/// The list of names that stands beside a file of NumPy's: one in each line.
std::filesystem::path names_beside(const std::filesystem::path& npy);

}  // namespace caption
