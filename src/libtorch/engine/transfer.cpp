#include "libtorch/engine/transfer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "caption/error.h"
#include "image/resample.h"
#include "libtorch/engine/staging_buffer.h"

namespace caption {
namespace {

/// An image is resized on the device if its bytes are at most so many times its pixels' (224 x 224: up to 0.8
/// megapixels). Larger ones would cost the one thread that feeds the device more for copying them than
/// they save the threads that read images, and memory while they wait.
constexpr std::size_t kMostCopied = 4;

std::size_t pixel_bytes(int resolution) {
  return 3 * sizeof(float) * static_cast<std::size_t>(resolution) * static_cast<std::size_t>(resolution);
}

std::size_t stage_pixels(const Pixels& pixels, int resolution, StagingBuffer& buffer) {
  if (pixels.resolution != resolution || pixels.values.size() * sizeof(float) != pixel_bytes(resolution)) {
    throw Error(ErrorKind::internal, "pixels of another model: resolution " +
                                         std::to_string(pixels.resolution) + " instead of " +
                                         std::to_string(resolution));
  }
  return buffer.add(pixels.values);
}

/// Where a resize's weights of one side lie in a staging buffer.
struct StagedWeights {
  StagedWeights(const Kernel& kernel, StagingBuffer& buffer)
      : start(buffer.add(kernel.start)),
        length(buffer.add(kernel.length)),
        weights(buffer.add(kernel.weights)),
        taps(kernel.taps) {}

  cuda::ResizeWeights in(const std::byte* sent) const {
    return {reinterpret_cast<const std::int32_t*>(sent + start),
            reinterpret_cast<const std::int32_t*>(sent + length),
            reinterpret_cast<const std::int32_t*>(sent + weights), taps};
  }

  std::size_t start;  // offsets
  std::size_t length;
  std::size_t weights;
  int taps;
};

/// Where an image lies in a staging buffer: the part of it that matters, and how it is resized.
class StagedImage {
 public:
  StagedImage(const PlannedImage& planned, StagingBuffer& buffer)
      : width_(planned.plan.width),
        height_(planned.plan.height),
        part_(stage_part(planned, buffer)),
        across_(planned.plan.across, buffer),
        down_(planned.plan.down, buffer) {}

  int height() const { return height_; }

  /// The resize of what was sent, still without the memory that it writes.
  cuda::Resize request(const std::byte* sent) const {
    cuda::Resize request;
    request.image = reinterpret_cast<const std::uint8_t*>(sent + part_);
    request.width = width_;
    request.height = height_;
    request.across = across_.in(sent);
    request.down = down_.in(sent);
    return request;
  }

 private:
  static std::size_t stage_part(const PlannedImage& planned, StagingBuffer& buffer) {
    const auto& [image, plan] = planned;
    const std::size_t row = static_cast<std::size_t>(image.width) * 3;
    const std::size_t first =
        static_cast<std::size_t>(plan.top) * row + static_cast<std::size_t>(plan.left) * 3;
    return buffer.add(image.data.data() + first, static_cast<std::size_t>(plan.width) * 3,
                      static_cast<std::size_t>(plan.height), row);
  }

  int width_;
  int height_;
  std::size_t part_;  // offset
  StagedWeights across_;
  StagedWeights down_;
};

/// The offset of a picture's pixels in a staging buffer, or its image.
using StagedPicture = std::variant<std::size_t, StagedImage>;

StagedPicture stage(const Picture& picture, int resolution, StagingBuffer& buffer) {
  const auto& content = picture.image->content;
  if (const auto* pixels = std::get_if<Pixels>(&content)) return stage_pixels(*pixels, resolution, buffer);
  return StagedImage(std::get<PlannedImage>(content), buffer);
}

/// Pixels [B, 3, R, R] of pictures of which some are images; `table` is the offset of what `normalised`
/// gives.
at::Tensor resized(const std::vector<StagedPicture>& pictures, const at::Tensor& sent, std::size_t table,
                   const Transfer& transfer) {
  const int side = transfer.format.resolution;
  const auto* bytes = static_cast<const std::byte*>(sent.const_data_ptr());
  const at::Tensor pixels = at::empty({static_cast<std::int64_t>(pictures.size()), 3, side, side},
                                      sent.options().dtype(at::kFloat));
  int rows = 0;
  for (const StagedPicture& picture : pictures)
    if (const auto* image = std::get_if<StagedImage>(&picture)) rows = std::max(rows, image->height());
  // One for all: they are resized one after the other.
  const at::Tensor scratch = at::empty({rows, side, 3}, sent.options());
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const at::Tensor one = pixels.select(0, static_cast<std::int64_t>(i));
    if (const auto* offset = std::get_if<std::size_t>(&pictures[i])) {
      const auto count = static_cast<std::int64_t>(pixel_bytes(side));
      one.copy_(sent.narrow(0, static_cast<std::int64_t>(*offset), count).view(at::kFloat).view(one.sizes()));
      continue;
    }
    cuda::Resize request = std::get<StagedImage>(pictures[i]).request(bytes);
    request.side = side;
    request.normalised = reinterpret_cast<const float*>(bytes + table);
    request.scratch = scratch.mutable_data_ptr<std::uint8_t>();
    request.pixels = one.mutable_data_ptr();
    transfer.resize(request, transfer.device);
  }
  return pixels;
}

}  // namespace

Picture prepare_picture(RgbImage image, const Transfer& transfer) {
  const int resolution = transfer.format.resolution;
  if (!transfer.resize || image.data.size() > kMostCopied * pixel_bytes(resolution))
    return ready_picture(to_pixels(image, transfer.format));
  ResizePlan plan =
      plan_resize(image.width, image.height, resolution, transfer.format.fit, transfer.format.resample);
  return planned_picture({std::move(image), std::move(plan)});
}

at::Tensor send(std::span<const Picture> pictures, const Transfer& transfer) {
  const int side = transfer.format.resolution;
  StagingBuffer buffer;
  std::vector<StagedPicture> staged;
  staged.reserve(pictures.size());
  for (const Picture& picture : pictures) staged.push_back(stage(picture, side, buffer));
  const auto is_image = [](const StagedPicture& one) { return std::holds_alternative<StagedImage>(one); };
  if (std::none_of(staged.begin(), staged.end(), is_image)) {
    return buffer.send(transfer.device)
        .view(at::kFloat)
        .view({static_cast<std::int64_t>(pictures.size()), 3, side, side});
  }
  if (!transfer.resize) throw Error(ErrorKind::internal, "an image that nobody resizes");
  const std::vector<float> values = normalised(transfer.format);
  const std::size_t table = buffer.add(values);
  return resized(staged, buffer.send(transfer.device), table, transfer);
}

}  // namespace caption
