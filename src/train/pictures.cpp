#include "train/pictures.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "datasets/find_picture.h"
#include "files/sha256.h"
#include "layers/cpu.h"
#include "pipeline/embed.h"

namespace caption {
namespace {

std::string hash_of(const std::string& name) {
  Sha256 digest;
  digest.add(std::as_bytes(std::span(name)));
  return digest.text();
}

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
    const auto file = find_picture(folder, image.name);
    const auto state = file ? state_of(*file) : std::nullopt;
    if (!state) {
      found.missing.push_back(image.name);
      continue;
    }
    picture.picture = {image.name, *state};
    picture.file = *file;
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
  std::vector<const CaptionedPicture*> waiting;
  for (const CaptionedPicture& picture : pictures)
    if (!source.store.find(picture.picture)) waiting.push_back(&picture);
  if (waiting.empty()) return true;
  const std::unique_ptr<Captioner> captioner = source.load();
  source.begin(waiting.size());
  std::size_t next = 0;
  const auto inputs = [&](const std::atomic<bool>& stop) -> std::optional<Input> {
    if (stop || next == waiting.size()) return std::nullopt;
    const CaptionedPicture& picture = *waiting[next++];
    return Input{picture.picture.name, picture.file};
  };
  const auto keep = [&](const EmbeddedInput& input) {
    if (input.error) {
      source.failed(*waiting[input.number], *input.error);
    } else {
      source.store.add(waiting[input.number]->picture, input.embedding);
    }
    source.advance();
  };
  embed_all(*captioner, inputs, keep, source.batch, interrupted);
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
