#include <exiv2/bmffimage.hpp>
#include <exiv2/exiv2.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "exiv2/turn.h"
#include "image/codecs.h"
#include "image/container.h"
#include "image/jpeg_decode.h"

namespace caption {
namespace {

constexpr const char* kFormat = "camera raw file";

// A camera's smallest preview is a stamp of 160 x 120 pixels or so, less than an image encoder takes.
constexpr std::uint32_t kShortestSide = 224;

/// The preview of most pixels that is a JPEG.
const Exiv2::PreviewProperties* largest(const Exiv2::PreviewPropertiesList& previews) {
  const Exiv2::PreviewProperties* best = nullptr;
  const auto pixels = [](const Exiv2::PreviewProperties& preview) {
    return std::uint64_t{preview.width_} * preview.height_;
  };
  for (const Exiv2::PreviewProperties& preview : previews) {
    if (preview.mimeType_ == "image/jpeg" && (best == nullptr || pixels(preview) > pixels(*best)))
      best = &preview;
  }
  return best;
}

/// A preview, and which way up the camera was held.
struct Preview {
  std::vector<std::uint8_t> jpeg;
  std::uint32_t orientation = 1;
};

Preview read_preview(Bytes file) {
  const auto image = Exiv2::ImageFactory::open(file.data(), static_cast<long>(file.size()));
  image->readMetadata();
  const Exiv2::PreviewManager manager(*image);
  const Exiv2::PreviewPropertiesList previews = manager.getPreviewProperties();
  const Exiv2::PreviewProperties* const best = largest(previews);
  if (best == nullptr) fail_unsupported("the file is a camera's raw data without a preview that is a JPEG");
  if (std::min(best->width_, best->height_) < kShortestSide) {
    fail_unsupported("the file is a camera's raw data, whose largest preview has only " +
                     std::to_string(best->width_) + "x" + std::to_string(best->height_) + " pixels");
  }
  const Exiv2::PreviewImage found = manager.getPreviewImage(*best);
  Preview preview{{found.pData(), found.pData() + found.size()}};
  const Exiv2::ExifData& exif = image->exifData();
  const auto tag = exif.findKey(Exiv2::ExifKey("Exif.Image.Orientation"));
  if (tag != exif.end() && tag->count() > 0)
    preview.orientation = static_cast<std::uint32_t>(std::clamp(tag->toLong(), 0L, 9L));
  return preview;
}

}  // namespace

StoredPicture decode_raw(Container& container) {
  const Turn turn;
  Preview preview;
  try {
    preview = read_preview(container.stream);
  } catch (const Exiv2::Error& error) {
    fail_damaged(kFormat, std::string("its previews cannot be found (Exiv2: ") + error.what() + ")");
  }
  container = read_jpeg(preview.jpeg, container.max_megapixels);
  container.preview = true;
  if (!container.orientation.is_known()) container.orientation.set_exif(preview.orientation);
  return decode_jpeg(container);
}

}  // namespace caption

caption::PictureDecoder caption_raw_decoder() {
  const caption::Turn turn;  // Exiv2 reads what it needs now, as there may be no files later
  Exiv2::enableBMFF();       // CR3
  return &caption::decode_raw;
}
