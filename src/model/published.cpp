#include "model/published.h"

#include <algorithm>
#include <array>

#include "caption/error.h"

namespace caption {
namespace {

constexpr std::array kClips = {
    PublishedClip{"ViT-B/32", "ViT-B-32.pt",
                  "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af"},
    PublishedClip{"ViT-B/16", "ViT-B-16.pt",
                  "5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f"},
    PublishedClip{"ViT-L/14", "ViT-L-14.pt",
                  "b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836"},
    PublishedClip{"ViT-L/14@336px", "ViT-L-14-336px.pt",
                  "3035c92b350959924f9f00213499208652fc7ea050643e8b385c2dac08641f02"},
    PublishedClip{"RN50", "RN50.pt", "afeb0e10f9e5a86da6080e35cf09123aca3b358a0c3e3b6c78a7b63bc04b6762"},
    PublishedClip{"RN101", "RN101.pt", "8fa8567bab74a42d41c5915025a8e4538c3bdbe8804a470a72f30b0d94fab599"},
    PublishedClip{"RN50x4", "RN50x4.pt", "7e526bd135e493cef0776de27d5f42653e6b4c8bf9e0f653bb11773263205fdd"},
    PublishedClip{"RN50x16", "RN50x16.pt",
                  "52378b407f34354e150460fe41077663dd5b39c54cd0bfd2b27167a4a06ec9aa"},
    PublishedClip{"RN50x64", "RN50x64.pt",
                  "be1cfb55d75a9666199fb2206c106743da0f6468c9d327f3e0d0a543a9919d9c"},
};

constexpr std::array kModels = {
    PublishedModel{"conceptual", "ViT-B-32.pt", "conceptual_weights.pt", "14pXWwB4Zm82rsDdvbGguLfx9F8aM7ovT",
                   "huggingface.co/akhaliq/CLIP-prefix-captioning-conceptual-weights"},
    PublishedModel{"coco", "ViT-B-32.pt", "coco_weights.pt", "1IdaBtMSvtyzF0ByVaBHtvM0JYSXRExRX",
                   "huggingface.co/akhaliq/CLIP-prefix-captioning-COCO-weights"},
    PublishedModel{"coco-transformer", "RN50x4.pt", "transformer_weights.pt",
                   "1GYPToCqFREwi285wPLhuVExlz7DDUDfJ", ""},
};

/// The element of `list` whose `field` is `value`, or null.
template <typename Element, std::size_t N>
const Element* find(const std::array<Element, N>& list, std::string_view Element::*field,
                    std::string_view value) {
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const Element& element) { return element.*field == value; });
  return found == list.end() ? nullptr : &*found;
}

}  // namespace

std::string PublishedClip::address() const {
  return std::string("openaipublic.azureedge.net/clip/models/").append(sha256).append("/").append(file);
}

std::span<const PublishedClip> published_clips() {
  return kClips;
}

std::span<const PublishedModel> published_models() {
  return kModels;
}

const PublishedClip* find_published_clip(std::string_view sha256) {
  return find(kClips, &PublishedClip::sha256, sha256);
}

const PublishedModel* find_published_model(std::string_view name) {
  return find(kModels, &PublishedModel::name, name);
}

const PublishedClip& clip_of(const PublishedModel& model) {
  const PublishedClip* const clip = find(kClips, &PublishedClip::file, model.clip);
  if (clip == nullptr)
    throw Error(ErrorKind::internal, "a published model's CLIP is not among the published");
  return *clip;
}

}  // namespace caption
