#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>

#include "files/file_state.h"
#include "tensor/tensor.h"

namespace caption {

/// A picture's file, as far as a change of it can be told without reading it.
struct PictureFile {
  std::string name;
  FileState state;
};

/// Embeddings that are kept from one training to the next, in a folder: embeddings.npy, an array [N, D] of
/// fp32 as numpy reads it, and embeddings.jsonl, which says in its first line of which encoder they are and
/// then of each row which picture. What a killed process wrote half is dropped.
class EmbeddingStore {
 public:
  /// `encoder` is all that an embedding depends on beside the picture. The folder is made if need be, and
  /// nobody else may have it. Throws Error(usage) if it holds another encoder's, Error(output) if it cannot
  /// be used.
  EmbeddingStore(std::filesystem::path folder, const std::string& encoder, std::int64_t width);
  EmbeddingStore(const EmbeddingStore&) = delete;
  EmbeddingStore& operator=(const EmbeddingStore&) = delete;
  ~EmbeddingStore();

  std::size_t size() const { return rows_; }
  /// The row of a picture whose file is as it was; the latest, if it was added again.
  std::optional<std::size_t> find(const PictureFile& picture) const;
  /// Throws Error(output).
  void add(const PictureFile& picture, std::span<const float> embedding);
  /// These rows. [rows, D]. Throws Error(output).
  Tensor read(std::span<const std::size_t> rows) const;

 private:
  struct Known {
    FileState state;
    std::size_t row;
  };

  std::size_t row_bytes() const { return static_cast<std::size_t>(width_) * sizeof(float); }
  void read_names(const std::string& encoder);
  void write_header();
  void append(int descriptor, std::span<const std::byte> bytes, const std::filesystem::path& file) const;
  [[noreturn]] void fail(const std::filesystem::path& file, const char* what) const;

  std::filesystem::path names_file_;
  std::filesystem::path values_file_;
  std::int64_t width_;
  int names_ = -1;
  int values_ = -1;
  std::size_t rows_ = 0;
  std::unordered_map<std::string, Known> known_;
};

}  // namespace caption
