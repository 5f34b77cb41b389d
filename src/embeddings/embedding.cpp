#include "embeddings/embedding.h"

#include "caption/error.h"

namespace caption {

EmbeddingFormat embedding_format(const std::filesystem::path& file) {
  const std::string extension = file.extension().string();
  if (extension == ".npy") return EmbeddingFormat::npy;
  if (extension == ".safetensors") return EmbeddingFormat::safetensors;
  if (extension == ".jsonl") return EmbeddingFormat::jsonl;
  throw Error(
      ErrorKind::usage,
      "'" + file.string() + "': files of embeddings are called NAME.npy, NAME.safetensors or NAME.jsonl",
      file);
}

std::filesystem::path names_beside(const std::filesystem::path& npy) {
  return std::filesystem::path(npy).replace_extension(".txt");
}

}  // namespace caption
