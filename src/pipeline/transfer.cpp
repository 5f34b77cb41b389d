#include "pipeline/staging.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
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
constexpr std::int64_t kMostCopied = 4;

/// Of pieces that go to the device together: no value in them is larger.
constexpr std::size_t kAligned = 4;

std::int64_t values_of(const PixelFormat& format) {
  return std::int64_t{3} * format.resolution * format.resolution;
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

/// Where a Kernel lies in a parcel.
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

/// A picture in a parcel: its pixels, or its image and how it is resized.
class Staged {
 public:
  Staged(const Picture& picture, const PixelFormat& format, Parcel& parcel) {
    if (const auto* pixels = std::get_if<Pixels>(&picture.image)) {
      if (pixels->resolution != format.resolution) {
        throw Error(ErrorKind::internal, "pixels of another model: resolution " +
                                             std::to_string(pixels->resolution) + " instead of " +
                                             std::to_string(format.resolution));
      }
      place_ = parcel.add(pixels->values);
      return;
    }
    const auto& image = std::get<RgbImage>(picture.image);
    plan_ = plan_resize(image.width, image.height, format.resolution);
    const std::size_t row = static_cast<std::size_t>(image.width) * 3;
    const std::size_t first =
        static_cast<std::size_t>(plan_.top) * row + static_cast<std::size_t>(plan_.left) * 3;
    place_ = parcel.add(image.data.data() + first, static_cast<std::size_t>(plan_.width) * 3,
                        static_cast<std::size_t>(plan_.height), row);
    across_.emplace(plan_.across, parcel);
    down_.emplace(plan_.down, parcel);
  }

  bool is_image() const { return across_.has_value(); }
  int rows() const { return plan_.height; }  ///< of an image; else 0

  /// Pixels [3, R, R], of what was sent.
  at::Tensor pixels(const at::Tensor& sent, std::int64_t resolution) const {
    const std::int64_t count = 3 * resolution * resolution;
    const auto bytes = count * static_cast<std::int64_t>(sizeof(float));
    return sent.narrow(0, static_cast<std::int64_t>(place_), bytes)
        .view(at::kFloat)
        .view({3, resolution, resolution});
  }

  /// The resize of what was sent, still without the memory that it writes.
  cuda::Resize request(const std::byte* sent, int resolution) const {
    cuda::Resize request;
    request.image = reinterpret_cast<const std::uint8_t*>(sent + place_);
    request.width = plan_.width;
    request.height = plan_.height;
    request.across = across_->in(sent);
    request.down = down_->in(sent);
    request.side = resolution;
    return request;
  }

 private:
  std::size_t place_ = 0;
  ResizePlan plan_;
  std::optional<KernelPlaces> across_;
  std::optional<KernelPlaces> down_;
};

/// Pixels [B, 3, R, R] of pictures of which some are images; `table` is the place of what `normalised` gives.
at::Tensor resized(const std::vector<Staged>& pictures, const at::Tensor& sent, std::size_t table,
                   const Staging& staging) {
  const int side = staging.format.resolution;
  const auto* bytes = static_cast<const std::byte*>(sent.const_data_ptr());
  const at::Tensor pixels = at::empty({static_cast<std::int64_t>(pictures.size()), 3, side, side},
                                      sent.options().dtype(at::kFloat));
  int rows = 0;
  for (const Staged& picture : pictures) rows = std::max(rows, picture.rows());
  // One for all: they are resized one after the other.
  const at::Tensor scratch = at::empty({rows, side, 3}, sent.options());
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const at::Tensor one = pixels.select(0, static_cast<std::int64_t>(i));
    if (!pictures[i].is_image()) {
      one.copy_(pictures[i].pixels(sent, side));
      continue;
    }
    cuda::Resize request = pictures[i].request(bytes, side);
    request.normalised = reinterpret_cast<const float*>(bytes + table);
    request.scratch = scratch.mutable_data_ptr<std::uint8_t>();
    request.pixels = one.mutable_data_ptr();
    staging.resize(request, staging.device);
  }
  return pixels;
}

}  // namespace

Picture prepare_picture(RgbImage image, const Staging& staging) {
  const auto bytes = static_cast<std::int64_t>(image.data.size());
  const std::int64_t pixel_bytes = values_of(staging.format) * static_cast<std::int64_t>(sizeof(float));
  if (staging.resize && bytes <= kMostCopied * pixel_bytes) return {std::move(image), {}};
  return {to_pixels(image, staging.format), {}};
}

at::Tensor stage(std::span<const Picture> pictures, const Staging& staging) {
  const PixelFormat& format = staging.format;
  Parcel parcel;
  std::vector<Staged> staged;
  staged.reserve(pictures.size());
  for (const Picture& picture : pictures) staged.emplace_back(picture, format, parcel);
  const auto is_image = [](const Staged& picture) { return picture.is_image(); };
  if (std::none_of(staged.begin(), staged.end(), is_image)) {
    return parcel.send(staging.device)
        .view(at::kFloat)
        .view({static_cast<std::int64_t>(pictures.size()), 3, format.resolution, format.resolution});
  }
  if (!staging.resize) throw Error(ErrorKind::internal, "an image that nobody resizes");
  const std::vector<float> table = normalised(format);
  const std::size_t place = parcel.add(table);
  return resized(staged, parcel.send(staging.device), place, staging);
}

}  // namespace caption
