#pragma once

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "caption/captioner.h"
#include "caption/error.h"
#include "datasets/annotations.h"
#include "pipeline/batch.h"
#include "train/caption_set.h"
#include "train/embedding_store.h"

namespace caption {

/// A picture with captions, whose file is there.
struct CaptionedPicture {
  PictureFile picture;
  std::filesystem::path file;         ///< the picture's, or a tar archive
  bool archived = false;              ///< it is in that archive, and called ARCHIVE/MEMBER
  std::vector<std::string> captions;  ///< none of them empty
};

struct FoundPictures {
  std::vector<CaptionedPicture> pictures;
  std::vector<std::string> missing;           ///< names of those whose file is not there
  std::vector<std::string> without_captions;  ///< names
  std::vector<std::string> empty_captions;    ///< of the others, the picture's name for each
};

/// Looks for the pictures' files: below `folder` by the whole name or by its last part, or as it is named.
FoundPictures find_pictures(const std::vector<AnnotatedImage>& images, const std::filesystem::path& folder);

/// Divides pictures in two: `held_out` of them, by a hash of their names, so that it does not matter in which
/// order they come and which others there are; and the rest.
struct Division {
  std::vector<CaptionedPicture> learnt;
  std::vector<CaptionedPicture> held_out;
};
Division hold_out(std::vector<CaptionedPicture> pictures, std::size_t count);

/// Where embeddings come from.
struct EmbeddingSource {
  EmbeddingStore& store;
  std::function<std::unique_ptr<Captioner>()> load;  ///< called if not all embeddings are in the store
  BatchOptions batch;
  std::function<void(std::size_t)> begin;                             ///< so many are to be computed
  std::function<void()> advance;                                      ///< one more is done
  std::function<void(const CaptionedPicture&, const Error&)> failed;  ///< it is left out
};

/// Computes the embeddings of `pictures` that the store does not have. -> false if it was interrupted; what
/// was computed is in the store
bool embed_pictures(const std::vector<CaptionedPicture>& pictures, const EmbeddingSource& source,
                    const std::atomic<bool>& interrupted);

/// Those of `pictures` whose embeddings are in the store.
CaptionSet make_caption_set(const std::vector<CaptionedPicture>& pictures, const EmbeddingStore& store,
                            bool normalize);

}  // namespace caption
