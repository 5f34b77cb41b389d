#include <avif/avif.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "codecs/quiet.h"
#include "image/codecs.h"

namespace caption {
namespace {

using OwnImage = std::unique_ptr<avifImage, decltype(&avifImageDestroy)>;
using Reader = std::unique_ptr<avifDecoder, decltype(&avifDecoderDestroy)>;

void require(avifResult result, const std::string& step) {
  if (result == AVIF_RESULT_OK) return;
  if (result == AVIF_RESULT_OUT_OF_MEMORY) throw std::bad_alloc();
  if (result == AVIF_RESULT_TRUNCATED_DATA) fail_truncated("AVIF", "inside the picture");
  if (result == AVIF_RESULT_NOT_IMPLEMENTED || result == AVIF_RESULT_NO_CODEC_AVAILABLE)
    fail_unsupported("the file is an AVIF that this libavif cannot read");
  fail_damaged("AVIF", step + " cannot be decoded (libavif: " + avifResultToString(result) + ")");
}

/// EXIF's number for a quarter turn (anticlockwise, `irot`) and then a mirror (`imir`).
std::uint32_t orientation_of(const avifImage& image) {
  const bool turned = (image.transformFlags & AVIF_TRANSFORM_IROT) != 0;
  const bool mirrored = (image.transformFlags & AVIF_TRANSFORM_IMIR) != 0;
  const unsigned quarters = turned ? image.irot.angle % 4U : 0;
  constexpr std::uint32_t kTurned[4] = {1, 8, 3, 6};
  constexpr std::uint32_t kUpsideDown[4] = {4, 5, 2, 7};  // mode 0: top and bottom change places
  constexpr std::uint32_t kLeftRight[4] = {2, 7, 4, 5};
  return !mirrored ? kTurned[quarters] : image.imir.mode == 0 ? kUpsideDown[quarters] : kLeftRight[quarters];
}

/// The file's own turns count. As for Pillow, where there are none, and EXIF has nothing to say either, XMP
/// does.
void tell_orientation(Orientation& orientation, const avifImage& image) {
  const std::uint32_t own = orientation_of(image);
  orientation.read_exif(Bytes(image.exif.data, image.exif.size));
  if (own != 1 || orientation.is_known()) return orientation.set_exif(own);
  orientation.read_xmp(Bytes(image.xmp.data, image.xmp.size));
}

/// The part of the picture that is to be seen (`clap`).
StoredPicture cropped(StoredPicture picture, const avifImage& image) {
  avifCropRect part{};
  avifDiagnostics ignored{};
  if ((image.transformFlags & AVIF_TRANSFORM_CLAP) == 0 ||
      avifCropRectConvertCleanApertureBox(&part, &image.clap, image.width, image.height, image.yuvFormat,
                                          &ignored) == AVIF_FALSE) {
    return picture;
  }
  StoredPicture result = blank_picture(part.width, part.height, picture.channels);
  const std::size_t row = std::size_t{part.width} * static_cast<std::size_t>(picture.channels);
  for (std::size_t y = 0; y < part.height; ++y) {
    const std::size_t from =
        ((part.y + y) * image.width + part.x) * static_cast<std::size_t>(picture.channels);
    std::copy_n(picture.samples.begin() + static_cast<std::ptrdiff_t>(from), row,
                result.samples.begin() + static_cast<std::ptrdiff_t>(y * row));
  }
  return result;
}

/// With 8 bits. Further ones are cut before the conversion where libyuv has none for them, as newer versions
/// of libavif do, Pillow's among them.
OwnImage narrowed(const avifImage& image) {
  OwnImage result(avifImageCreate(image.width, image.height, 8, image.yuvFormat), &avifImageDestroy);
  if (!result) throw std::bad_alloc();
  result->yuvRange = image.yuvRange;
  result->yuvChromaSamplePosition = image.yuvChromaSamplePosition;
  result->colorPrimaries = image.colorPrimaries;
  result->transferCharacteristics = image.transferCharacteristics;
  result->matrixCoefficients = image.matrixCoefficients;
  result->alphaPremultiplied = image.alphaPremultiplied;
  avifImageAllocatePlanes(result.get(), image.alphaPlane != nullptr ? AVIF_PLANES_ALL : AVIF_PLANES_YUV);
  avifPixelFormatInfo info;
  avifGetPixelFormatInfo(image.yuvFormat, &info);
  const auto narrow = [&image](const std::uint8_t* in, std::uint32_t in_row, std::uint8_t* out,
                               std::uint32_t out_row, std::uint32_t width, std::uint32_t height) {
    if (in == nullptr) return;
    if (out == nullptr) throw std::bad_alloc();
    for (std::uint32_t y = 0; y < height; ++y) {
      const auto* const row = reinterpret_cast<const std::uint16_t*>(in + std::size_t{y} * in_row);
      for (std::uint32_t x = 0; x < width; ++x)
        out[std::size_t{y} * out_row + x] = static_cast<std::uint8_t>(row[x] >> (image.depth - 8));
    }
  };
  for (int plane = 0; plane < 3; ++plane) {
    const int shift_x = plane == 0 ? 0 : info.chromaShiftX;
    const int shift_y = plane == 0 ? 0 : info.chromaShiftY;
    narrow(image.yuvPlanes[plane], image.yuvRowBytes[plane], result->yuvPlanes[plane],
           result->yuvRowBytes[plane], (image.width + static_cast<std::uint32_t>(shift_x)) >> shift_x,
           (image.height + static_cast<std::uint32_t>(shift_y)) >> shift_y);
  }
  narrow(image.alphaPlane, image.alphaRowBytes, result->alphaPlane, result->alphaRowBytes, image.width,
         image.height);
  return result;
}

}  // namespace

StoredPicture decode_avif(Container& container) {
  const Quiet quiet;
  const Reader reader(avifDecoderCreate(), &avifDecoderDestroy);
  if (!reader) throw std::bad_alloc();
  reader->strictFlags = AVIF_STRICT_DISABLED;  // as Pillow and browsers read
  reader->maxThreads = 1;                      // our caller has the threads
  reader->imageDimensionLimit = 0;             // limits are ours
  require(avifDecoderSetIOMemory(reader.get(), container.stream.data(), container.stream.size()), "it");
  require(avifDecoderParse(reader.get()), "its header");
  const avifImage& image = *reader->image;
  container.width = image.width;
  container.height = image.height;
  require_size("AVIF", container.width, container.height, container.max_megapixels);
  if (container.frame >= reader->imageCount) fail_no_frame("AVIF", container.frame, reader->imageCount);
  require(avifDecoderNthImage(reader.get(), static_cast<std::uint32_t>(container.frame)), "its picture");

  append(container.profile, Bytes(image.icc.data, image.icc.size));
  const bool alpha = reader->alphaPresent != AVIF_FALSE;
  const int channels = alpha ? 4 : 3;
  if (alpha) container.alpha = Alpha::straight;
  const bool by_libyuv = alpha && (image.depth == 10 || image.yuvFormat == AVIF_PIXEL_FORMAT_YUV420);
  const OwnImage narrow =
      image.depth > 8 && !by_libyuv ? narrowed(image) : OwnImage(nullptr, &avifImageDestroy);
  const avifImage& shown = narrow ? *narrow : image;
  avifRGBImage rgb;
  avifRGBImageSetDefaults(&rgb, &shown);
  rgb.depth = 8;
  rgb.format = alpha ? AVIF_RGB_FORMAT_RGBA : AVIF_RGB_FORMAT_RGB;
  StoredPicture picture = blank_picture(image.width, image.height, channels);
  rgb.pixels = picture.samples.data();
  rgb.rowBytes = image.width * static_cast<std::uint32_t>(channels);
  require(avifImageYUVToRGB(&shown, &rgb), "its colours");
  picture = cropped(std::move(picture), image);
  container.width = picture.width;
  container.height = picture.height;
  tell_orientation(container.orientation, image);
  return picture;
}

}  // namespace caption

caption::PictureDecoder caption_avif_decoder() {
  return &caption::decode_avif;
}
