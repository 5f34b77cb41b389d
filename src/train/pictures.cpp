#include "train/pictures.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "datasets/find_picture.h"
#include "files/sha256.h"
#include "inputs/tar_walk.h"
#include "layers/cpu.h"
#include "pipeline/embed.h"

namespace caption {
namespace {

std::string hash_of(const std::string& name) {
  Sha256 digest;
  digest.add(std::as_bytes(std::span(name)));
  return digest.text();
}

/// The pictures whose embeddings a store does not have, those in archives last: each archive is read once.
class WaitingPictures {
 public:
  WaitingPictures(const std::vector<CaptionedPicture>& pictures, const EmbeddingStore& store) {
    for (const CaptionedPicture& picture : pictures) {
      if (store.find(picture.picture)) continue;
      if (!picture.archived) {
        files_.push_back(&picture);
      } else {
        archives_.insert(picture.file);
        archived_.emplace(picture.picture.name, &picture);
      }
    }
    given_.resize(size());
  }

  std::size_t size() const { return files_.size() + archived_.size(); }
  /// The `number`th that `next` handed out, from 0 on.
  const CaptionedPicture& given(std::size_t number) const { return *given_[number]; }

  std::optional<Input> next(const std::atomic<bool>& stop) {
    if (stop) return std::nullopt;
    if (count_ < files_.size()) {
      const CaptionedPicture& picture = *files_[count_];
      given_[count_++] = &picture;
      return Input{picture.picture.name, picture.file};
    }
    while (walk_ || !archives_.empty()) {
      if (!walk_)
        walk_ = std::make_unique<TarWalk>(archives_.extract(archives_.begin()).value().string(), all_,
                                          TarContents::pictures);
      std::optional<Input> input = walk_->next(stop);
      if (!input) {
        if (stop) return std::nullopt;
        walk_.reset();
        continue;
      }
      if (input->key.empty()) input->bytes();  // the archive cannot be read any more, and says so
      const auto picture = archived_.find(input->name);
      if (picture == archived_.end()) continue;
      given_[count_++] = picture->second;
      archived_.erase(picture);  // a second member of that name is none of ours
      return input;
    }
    return std::nullopt;
  }

 private:
  const Patterns all_;
  std::vector<const CaptionedPicture*> files_;
  std::unordered_map<std::string, const CaptionedPicture*> archived_;
  std::set<std::filesystem::path> archives_;  ///< still to be read
  std::vector<const CaptionedPicture*> given_;
  std::size_t count_ = 0;  ///< that were handed out
  std::unique_ptr<TarWalk> walk_;
};

}  // namespace

FoundPictures find_pictures(const std::vector<AnnotatedImage>& images, const std::filesystem::path& folder) {
  FoundPictures found;
  for (const AnnotatedImage& image : images) {
    CaptionedPicture picture;
    std::size_t empty = 0;
    for (const std::string& caption : image.captions) {
      if (tidy(caption).empty()) {
        ++empty;
      } else {
        picture.captions.push_back(caption);
      }
    }
    if (picture.captions.empty()) {
      found.without_captions.push_back(image.name);
      continue;
    }
    found.empty_captions.insert(found.empty_captions.end(), empty, image.name);
    const auto file = image.archive ? image.archive : find_picture(folder, image.name);
    const auto state = file ? state_of(*file) : std::nullopt;
    if (!state) {
      found.missing.push_back(image.name);
      continue;
    }
    picture.picture = {image.name, *state};
    picture.file = *file;
    picture.archived = image.archive.has_value();
    found.pictures.push_back(std::move(picture));
  }
  return found;
}

Division hold_out(std::vector<CaptionedPicture> pictures, std::size_t count) {
  std::vector<std::pair<std::string, std::size_t>> order;
  for (std::size_t i = 0; i < pictures.size(); ++i) order.emplace_back(hash_of(pictures[i].picture.name), i);
  std::sort(order.begin(), order.end());
  std::vector<bool> held(pictures.size(), false);
  for (std::size_t i = 0; i < std::min(count, order.size()); ++i) held[order[i].second] = true;
  Division division;
  for (std::size_t i = 0; i < pictures.size(); ++i)
    (held[i] ? division.held_out : division.learnt).push_back(std::move(pictures[i]));
  return division;
}

bool embed_pictures(const std::vector<CaptionedPicture>& pictures, const EmbeddingSource& source,
                    const std::atomic<bool>& interrupted) {
  WaitingPictures waiting(pictures, source.store);
  if (waiting.size() == 0) return true;
  const std::unique_ptr<Captioner> captioner = source.load();
  source.begin(waiting.size());
  const auto keep = [&](const EmbeddedInput& input) {
    const CaptionedPicture& picture = waiting.given(input.number);
    if (input.error) {
      source.failed(picture, *input.error);
    } else {
      source.store.add(picture.picture, input.embedding);
    }
    source.advance();
  };
  embed_all(
      *captioner, [&](const std::atomic<bool>& stop) { return waiting.next(stop); }, keep, source.batch,
      interrupted);
  return !interrupted;
}

CaptionSet make_caption_set(const std::vector<CaptionedPicture>& pictures, const EmbeddingStore& store,
                            bool normalize) {
  CaptionSet set;
  std::vector<std::size_t> rows;
  for (const CaptionedPicture& picture : pictures) {
    const auto row = store.find(picture.picture);
    if (!row) continue;
    rows.push_back(*row);
    set.names.push_back(picture.picture.name);
    set.captions.push_back(picture.captions);
  }
  if (rows.empty()) return set;
  set.embeddings = store.read(rows);
  if (normalize) set.embeddings = Ops<Tensor>::normalised(set.embeddings);
  return set;
}

}  // namespace caption
