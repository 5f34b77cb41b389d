#pragma once

#include <span>
#include <variant>
#include <vector>

#include "caption/captioner.h"
#include "image/image.h"
#include "image/resample.h"
#include "tensor/tensor.h"

namespace caption {

/// An embedding [D], as the encoder gives it.
struct EncodedImage {
  std::vector<float> embedding;
};

/// As the encoder takes it; or as it was decoded, if the model's device is to resize it; or as the encoder
/// would give it.
struct Picture::Image {
  std::variant<Pixels, PlannedImage, EncodedImage> content;
};

/// A picture whose pixels are ready.
Picture ready_picture(Pixels pixels);
/// A picture that the model's device is to resize.
Picture planned_picture(PlannedImage image);
/// A picture of which there is the embedding alone.
Picture encoded_picture(std::vector<float> embedding);

/// The embeddings [B, D] of pictures that are encoded; undefined if the first is not. Throws Error(internal)
/// if others differ.
Tensor stack_embeddings(std::span<const Picture> pictures);

/// Its pixels, which are computed here if the device was to do that. Throws Error(usage) if there is the
/// embedding alone.
Pixels pixels_of(const Picture& picture, const PixelFormat& format);

}  // namespace caption
