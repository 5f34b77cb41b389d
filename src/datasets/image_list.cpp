#include "datasets/image_list.h"

namespace caption {

AnnotatedImage& ImageList::image(std::int64_t id) {
  const auto added = by_id_.emplace(id, images_.size());
  if (added.second) {
    images_.emplace_back();
    images_.back().id = id;
    images_.back().name = std::to_string(id);
  }
  return images_[added.first->second];
}

AnnotatedImage& ImageList::image(const std::string& name) {
  const auto added = by_name_.emplace(name, images_.size());
  if (added.second) {
    images_.emplace_back();
    images_.back().name = name;
  }
  return images_[added.first->second];
}

}  // namespace caption
