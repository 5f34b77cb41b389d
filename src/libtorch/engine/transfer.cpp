#include "libtorch/engine/transfer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "caption/error.h"
#include "image/resample.h"

namespace caption {
namespace {

/// An image is resized on the device if its bytes are at most so many times its pixels' (224 x 224: up to 0.8
/// megapixels). Larger ones would cost the one thread that feeds the device more for copying them than
/// they save the threads that read images, and memory while they wait.
constexpr std::size_t kMostCopied = 4;

/// Of pieces that go to the device together: no value in them is larger.
constexpr std::size_t kAligned = 4;

std::size_t pixel_bytes(int resolution) {
  return 3 * sizeof(float) * static_cast<std::size_t>(resolution) * static_cast<std::size_t>(resolution);
}

/// Pieces of memory that go to a device in one copy.
class Parcel {
 public:
  /// `count` pieces of `bytes` bytes, `step` bytes from one to the next; they must stay until the parcel is
  /// sent. -> where they will lie, one after the other
  std::size_t add(const void* first, std::size_t bytes, std::size_t count = 1, std::size_t step = 0) {
    const std::size_t place = bytes_;
    pieces_.push_back({static_cast<const std::byte*>(first), bytes, count, step, place});
    bytes_ += (bytes * count + kAligned - 1) / kAligned * kAligned;
    return place;
  }

  template <typename T>
  std::size_t add(const std::vector<T>& values) {
    return add(values.data(), values.size() * sizeof(T));
  }

  /// -> [bytes] uint8 on the device
  at::Tensor send(at::Device device) const {
    // Pinned memory is copied while the CPU goes on.
    const at::Tensor all = at::empty({static_cast<std::int64_t>(bytes_)},
                                     at::TensorOptions(at::kByte).pinned_memory(device.is_cuda()));
    auto* const out = static_cast<std::byte*>(all.mutable_data_ptr());
    for (const Piece& piece : pieces_) {
      for (std::size_t i = 0; i < piece.count; ++i)
        std::memcpy(out + piece.place + i * piece.bytes, piece.first + i * piece.step, piece.bytes);
    }
    return all.to(device, /*non_blocking=*/true);
  }

 private:
  struct Piece {
    const std::byte* first;
    std::size_t bytes;
    std::size_t count;
    std::size_t step;
    std::size_t place;
  };

  std::vector<Piece> pieces_;
  std::size_t bytes_ = 0;
};

std::size_t add_pixels(const Pixels& pixels, int resolution, Parcel& parcel) {
  if (pixels.resolution != resolution || pixels.values.size() * sizeof(float) != pixel_bytes(resolution)) {
    throw Error(ErrorKind::internal, "pixels of another model: resolution " +
                                         std::to_string(pixels.resolution) + " instead of " +
                                         std::to_string(resolution));
  }
  return parcel.add(pixels.values);
}

/// A Kernel in a parcel.
struct KernelPlaces {
  KernelPlaces(const Kernel& kernel, Parcel& parcel)
      : start(parcel.add(kernel.start)),
        length(parcel.add(kernel.length)),
        weights(parcel.add(kernel.weights)),
        taps(kernel.taps) {}

  cuda::ResizeWeights in(const std::byte* sent) const {
    return {reinterpret_cast<const std::int32_t*>(sent + start),
            reinterpret_cast<const std::int32_t*>(sent + length),
            reinterpret_cast<const std::int32_t*>(sent + weights), taps};
  }

  std::size_t start;
  std::size_t length;
  std::size_t weights;
  int taps;
};

/// An image in a parcel: the part of it that matters, and how it is resized.
class ImagePlaces {
 public:
  ImagePlaces(const PlannedImage& planned, Parcel& parcel)
      : width_(planned.plan.width),
        height_(planned.plan.height),
        part_(add_part(planned, parcel)),
        across_(planned.plan.across, parcel),
        down_(planned.plan.down, parcel) {}

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
  static std::size_t add_part(const PlannedImage& planned, Parcel& parcel) {
    const auto& [image, plan] = planned;
    const std::size_t row = static_cast<std::size_t>(image.width) * 3;
    const std::size_t first =
        static_cast<std::size_t>(plan.top) * row + static_cast<std::size_t>(plan.left) * 3;
    return parcel.add(image.data.data() + first, static_cast<std::size_t>(plan.width) * 3,
                      static_cast<std::size_t>(plan.height), row);
  }

  int width_;
  int height_;
  std::size_t part_;
  KernelPlaces across_;
  KernelPlaces down_;
};

/// Where a picture's pixels lie in a parcel, or its image.
using Places = std::variant<std::size_t, ImagePlaces>;

Places add_picture(const Picture& picture, int resolution, Parcel& parcel) {
  if (const auto* pixels = std::get_if<Pixels>(&picture.image))
    return add_pixels(*pixels, resolution, parcel);
  return ImagePlaces(*std::get<std::shared_ptr<const PlannedImage>>(picture.image), parcel);
}

/// Pixels [B, 3, R, R] of pictures of which some are images; `table` is the place of what `normalised` gives.
at::Tensor resized(const std::vector<Places>& pictures, const at::Tensor& sent, std::size_t table,
                   const Transfer& transfer) {
  const int side = transfer.format.resolution;
  const auto* bytes = static_cast<const std::byte*>(sent.const_data_ptr());
  const at::Tensor pixels = at::empty({static_cast<std::int64_t>(pictures.size()), 3, side, side},
                                      sent.options().dtype(at::kFloat));
  int rows = 0;
  for (const Places& picture : pictures)
    if (const auto* image = std::get_if<ImagePlaces>(&picture)) rows = std::max(rows, image->height());
  // One for all: they are resized one after the other.
  const at::Tensor scratch = at::empty({rows, side, 3}, sent.options());
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const at::Tensor one = pixels.select(0, static_cast<std::int64_t>(i));
    if (const auto* place = std::get_if<std::size_t>(&pictures[i])) {
      const auto count = static_cast<std::int64_t>(pixel_bytes(side));
      one.copy_(sent.narrow(0, static_cast<std::int64_t>(*place), count).view(at::kFloat).view(one.sizes()));
      continue;
    }
    cuda::Resize request = std::get<ImagePlaces>(pictures[i]).request(bytes);
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
    return {to_pixels(image, transfer.format), {}};
  ResizePlan plan = plan_resize(image.width, image.height, resolution);
  return {std::make_shared<const PlannedImage>(std::move(image), std::move(plan)), {}};
}

at::Tensor send(std::span<const Picture> pictures, const Transfer& transfer) {
  const int side = transfer.format.resolution;
  Parcel parcel;
  std::vector<Places> places;
  places.reserve(pictures.size());
  for (const Picture& picture : pictures) places.push_back(add_picture(picture, side, parcel));
  const auto is_image = [](const Places& place) { return std::holds_alternative<ImagePlaces>(place); };
  if (std::none_of(places.begin(), places.end(), is_image)) {
    return parcel.send(transfer.device)
        .view(at::kFloat)
        .view({static_cast<std::int64_t>(pictures.size()), 3, side, side});
  }
  if (!transfer.resize) throw Error(ErrorKind::internal, "an image that nobody resizes");
  const std::vector<float> values = normalised(transfer.format);
  const std::size_t table = parcel.add(values);
  return resized(places, parcel.send(transfer.device), table, transfer);
}

}  // namespace caption
