#include "pipeline/picture.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "caption/error.h"

namespace caption {

Picture ready_picture(Pixels pixels) {
  return {std::make_shared<const Picture::Image>(Picture::Image{std::move(pixels)}), {}};
}

Picture planned_picture(PlannedImage image) {
  return {std::make_shared<const Picture::Image>(Picture::Image{std::move(image)}), {}};
}

Picture encoded_picture(std::vector<float> embedding) {
  return {std::make_shared<const Picture::Image>(Picture::Image{EncodedImage{std::move(embedding)}}), {}};
}

Tensor stack_embeddings(std::span<const Picture> pictures) {
  const auto* const first = std::get_if<EncodedImage>(&pictures.front().image->content);
  if (first == nullptr) return {};
  const auto width = static_cast<std::int64_t>(first->embedding.size());
  Tensor embeddings = Tensor::empty({static_cast<std::int64_t>(pictures.size()), width});
  float* to = embeddings.mutable_data();
  for (const Picture& picture : pictures) {
    const auto* const one = std::get_if<EncodedImage>(&picture.image->content);
    if (one == nullptr || one->embedding.size() != first->embedding.size())
      throw Error(ErrorKind::internal, "embeddings and pictures, or embeddings of two widths, together");
    to = std::copy(one->embedding.begin(), one->embedding.end(), to);
  }
  return embeddings;
}

Pixels pixels_of(const Picture& picture, const PixelFormat& format) {
  const auto& content = picture.image->content;
  if (const auto* pixels = std::get_if<Pixels>(&content)) return *pixels;
  if (const auto* planned = std::get_if<PlannedImage>(&content)) return to_pixels(planned->image, format);
  throw Error(ErrorKind::usage, "an embedding is no picture: its pixels are not known");
}

}  // namespace caption
