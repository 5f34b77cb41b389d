#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace caption {

/// One file that somebody publishes: CLIP's or a captioner's weights.
struct PublishedFile {
  std::string name;                    ///< "ViT-B-32.pt"
  std::string title;                   ///< "OpenAI's CLIP ViT-B/32"
  std::vector<std::string> addresses;  ///< where its publishers have it, the best first
  std::vector<std::string> mirrors;    ///< where others have it; may be empty
  std::uint64_t bytes = 0;
  bool exact = false;   ///< `bytes` was published; else it is what the sizes of its tensors make about
  std::string sha256;   ///< empty if nobody has published it
  std::string license;  ///< its terms, for a person
};

/// A captioner and the CLIP that it was trained with.
struct PublishedModel {
  std::string name;         ///< what we call it: "conceptual"
  std::string description;  ///< what it is for
  std::string clip;         ///< names of files
  std::string captioner;
};

/// What models/published.json says; its format is described in models/README.md.
struct Published {
  std::filesystem::path path;
  std::vector<PublishedFile> files;
  std::vector<PublishedModel> models;

  /// null if there is none of this name
  const PublishedModel* find_model(std::string_view name) const;
  /// null if there is none with this hash
  const PublishedFile* find_by_hash(std::string_view sha256) const;
  /// The file that a model names.
  const PublishedFile& file(std::string_view name) const;
};

/// Throws Error(model) that names the field if `file` cannot be read or says something else than its format
/// allows.
Published read_published(const std::filesystem::path& file);

}  // namespace caption
