#pragma once

#include <span>
#include <string>
#include <string_view>

namespace caption {

/// One of OpenAI's CLIP files.
struct PublishedClip {
  std::string_view name;    ///< "ViT-B/32"
  std::string_view file;    ///< "ViT-B-32.pt"
  std::string_view sha256;  ///< 64 lower-case hexadecimal digits

  /// Where it is: "openaipublic.azureedge.net/...", without the scheme.
  std::string address() const;
};

/// One of ClipCap's captioners.
struct PublishedModel {
  std::string_view name;          ///< what we call it: "conceptual"
  std::string_view clip;          ///< the file of the CLIP that it was trained with
  std::string_view captioner;     ///< its own file: "conceptual_weights.pt"
  std::string_view google_drive;  ///< that file's id there
  std::string_view mirror;        ///< another place, without the scheme; may be empty
};

std::span<const PublishedClip> published_clips();
std::span<const PublishedModel> published_models();

/// null if none has this hash
const PublishedClip* find_published_clip(std::string_view sha256);
/// null if none has this name
const PublishedModel* find_published_model(std::string_view name);
/// The CLIP that `model` was trained with.
const PublishedClip& clip_of(const PublishedModel& model);

}  // namespace caption
